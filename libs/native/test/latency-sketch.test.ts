import fc from 'fast-check'
import { expect, it } from 'vitest'
import type { LatencySketch } from '../src/index.ts'
import { describeEach } from './implementations.ts'
import { TestRandom } from './randomness.ts'

/** The smallest value that at least a share q of the values doesn't exceed. */
function exactQuantile(values: readonly number[], q: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.max(0, Math.ceil(q * sorted.length) - 1)] as number
}

function expectWithin1Percent(found: number, exact: number): void {
  expect(Math.abs(found - exact) / exact).toBeLessThanOrEqual(0.01 + 1e-9)
}

describeEach('a latency sketch', native => {
  const sketchOf = (
    values: readonly number[],
    now = 0,
    halfLifeMs = Number.POSITIVE_INFINITY,
  ): LatencySketch => {
    const sketch = native.createLatencySketch(halfLifeMs)
    for (const value of values) sketch.record(value, now)
    return sketch
  }
  const latency = fc.double({ min: 0.1, max: 3_600_000, noNaN: true })

  it('is within 1% of the exact quantiles of undecayed data', () => {
    fc.assert(
      fc.property(
        fc.array(latency, { minLength: 1, maxLength: 200 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (values, q) => {
          expectWithin1Percent(sketchOf(values).quantile(q), exactQuantile(values, q))
        },
      ),
      { numRuns: 300 },
    )
  })

  it('is within 1% on a hundred thousand log-normal latencies', () => {
    const random = new TestRandom(1)
    const values = Array.from({ length: 100_000 }, () =>
      Math.exp(6 + 2 * (random.uniform() + random.uniform() - 1)),
    )
    const sketch = sketchOf(values)
    for (const q of [0, 0.01, 0.5, 0.9, 0.99, 0.999, 1])
      expectWithin1Percent(sketch.quantile(q), exactQuantile(values, q))
    expect(sketch.count(0)).toBe(100_000)
  })

  it('has no quantile and no count before the first value', () => {
    const sketch = native.createLatencySketch(1_000)
    expect(sketch.quantile(0.5)).toBeNaN()
    expect(sketch.count(5)).toBe(0)
  })

  it('clamps values to 0.1 ms and an hour', () => {
    expectWithin1Percent(sketchOf([0]).quantile(0.5), 0.1)
    expectWithin1Percent(sketchOf([1e300]).quantile(0.5), 3_600_000)
  })

  it('counts a value half after each half-life, and recent values lead the quantiles', () => {
    const sketch = sketchOf([100, 100, 100, 100], 5_000, 1_000)
    expect(sketch.count(6_000)).toBe(2)
    sketch.record(900, 8_000)
    expect(sketch.count(8_000)).toBe(1.5)
    expectWithin1Percent(sketch.quantile(0.5), 900)
    expectWithin1Percent(sketch.quantile(0.3), 100)
  })

  it('stays finite over thousands of half-lives', () => {
    const sketch = native.createLatencySketch(1)
    for (let now = 0; now < 20_000; now += 1) sketch.record(50, now)
    expect(sketch.count(19_999)).toBeCloseTo(2, 9)
    sketch.record(700, 1e15)
    expect(sketch.count(1e15)).toBe(1)
    expectWithin1Percent(sketch.quantile(0), 700)
  })

  it('goes on learning after one reading of a clock far in the future', () => {
    const sketch = sketchOf([100], 1e15, 1_000)
    for (let k = 0; k < 9; k += 1) sketch.record(500, 1_000 * k)
    expectWithin1Percent(sketch.quantile(0.5), 500)
  })

  it('a snapshot restores every quantile, also after JSON', () => {
    const sketch = sketchOf([1, 20, 300, 4_000], 70_000, 1_000)
    sketch.record(17, 90_500)
    const copy = native.createLatencySketch(1_000)
    copy.restore(Float64Array.from(JSON.parse(JSON.stringify(Array.from(sketch.snapshot())))))
    expect(copy.snapshot()).toEqual(sketch.snapshot())
    for (const q of [0, 0.2, 0.5, 0.9, 1]) expect(copy.quantile(q)).toBe(sketch.quantile(q))
  })

  it('merging equals having seen the values of both, in either order', () => {
    fc.assert(
      fc.property(
        fc.array(latency, { maxLength: 30 }),
        fc.array(latency, { maxLength: 30 }),
        fc.nat(50_000),
        (a, b, gap) => {
          const whole = sketchOf(a, 1_000, 1_000)
          for (const value of b) whole.record(value, 1_000 + gap)
          const [older, newer] = [sketchOf(a, 1_000, 1_000), sketchOf(b, 1_000 + gap, 1_000)]
          const snapshots = [older.snapshot(), newer.snapshot()] as const
          older.merge(snapshots[1])
          newer.merge(snapshots[0])
          for (const merged of [older, newer]) {
            expect(merged.count(100_000)).toBeCloseTo(whole.count(100_000), 9)
            if (a.length + b.length > 0) expectWithin1Percent(merged.quantile(0.37), whole.quantile(0.37))
          }
        },
      ),
      { numRuns: 100 },
    )
  })

  const illegal: readonly (readonly [what: string, call: (sketch: LatencySketch) => unknown])[] = [
    ['a half-life of 0', () => native.createLatencySketch(0)],
    ['a value of NaN', sketch => sketch.record(Number.NaN, 0)],
    ['a negative value', sketch => sketch.record(-1, 0)],
    ['an infinite value', sketch => sketch.record(Number.POSITIVE_INFINITY, 0)],
    ['a time of NaN', sketch => sketch.record(1, Number.NaN)],
    ['a q above 1', sketch => sketch.quantile(1.1)],
    ['a q of NaN', sketch => sketch.quantile(Number.NaN)],
    ['an empty snapshot', sketch => sketch.restore(new Float64Array(0))],
    ['a snapshot of another version', sketch => sketch.merge(Float64Array.of(2, 0, 0, 0))],
    ['a weight of NaN', sketch => sketch.restore(Float64Array.of(1, 0, 0, 0, 1, Number.NaN))],
    ['a negative weight', sketch => sketch.merge(Float64Array.of(1, 0, 0, 0, 1, -1))],
    ['a landmark after the latest time', sketch => sketch.restore(Float64Array.of(1, 5, 6, 0, 1))],
    ['a bucket past the end', sketch => sketch.restore(Float64Array.of(1, 0, 0, 5_000, 1))],
    ['more buckets than there are', sketch => sketch.restore(new Float64Array(5_000).fill(1, 0, 1))],
  ]
  it.each(illegal)('refuses %s and changes nothing', (_, call) => {
    const sketch = sketchOf([10, 20], 50, 1_000)
    const before = sketch.snapshot()
    expect(() => call(sketch)).toThrow(RangeError)
    expect(sketch.snapshot()).toEqual(before)
  })
})
