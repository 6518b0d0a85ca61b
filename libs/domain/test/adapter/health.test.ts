import { milliseconds } from '@atp/core/units'
import { typescriptNative } from '@atp/native'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { CallHealth } from '../../src/adapter/index.ts'
import { LatencyQuantiles } from '../../src/adapter/latency-quantiles.ts'
import { resultOf } from './adapters.ts'

const HALF_LIFE = 1_000

function healthOf(): CallHealth {
  return new CallHealth(typescriptNative.createLatencySketch, HALF_LIFE)
}

describe('the health of an adapter', () => {
  it('knows nothing before the first call', () => {
    expect(healthOf().snapshot(0)).toEqual({
      calls: 0,
      inFlight: 0,
      errorRate: null,
      latencyP50Ms: null,
      latencyP95Ms: null,
      timeToFirstTokenP50Ms: null,
      timeToFirstTokenP95Ms: null,
      staleMs: null,
    })
  })

  it('gives the quantiles of latency and of the time to the first token', () => {
    const health = healthOf()
    for (let call = 1; call <= 100; call += 1) {
      health.begin()
      health.end(
        { outcome: 'success', latency: milliseconds(10 * call), timeToFirstToken: milliseconds(call) },
        0,
      )
    }
    const snapshot = health.snapshot(0)
    expect(relativeError(snapshot.latencyP50Ms, 500)).toBeLessThan(0.03)
    expect(relativeError(snapshot.latencyP95Ms, 950)).toBeLessThan(0.03)
    expect(relativeError(snapshot.timeToFirstTokenP50Ms, 50)).toBeLessThan(0.05)
    expect(relativeError(snapshot.timeToFirstTokenP95Ms, 95)).toBeLessThan(0.03)
  })

  it('takes the speed of answers alone', () => {
    const health = healthOf()
    health.begin()
    health.end(resultOf('error', 3), 0)
    expect(health.snapshot(0).latencyP50Ms).toBeNull()
  })

  it('counts failures among calls that say something of the upstream', () => {
    const health = healthOf()
    for (const outcome of [
      'success',
      'error',
      'timeout',
      'cut',
      'rate_limited',
      'rejected',
      'cancelled',
    ] as const) {
      health.begin()
      health.end(resultOf(outcome), 0)
    }
    expect(health.snapshot(0)).toMatchObject({ calls: 7, errorRate: 0.75 })
  })

  it('lets old failures fade', () => {
    const health = healthOf()
    health.begin()
    health.end(resultOf('error'), 0)
    health.begin()
    health.end(resultOf('success'), HALF_LIFE)
    expect(health.snapshot(HALF_LIFE).errorRate).toBeCloseTo(1 / 3)
  })

  it('says how long ago a call last ended, and how many are under way', () => {
    const health = healthOf()
    health.begin()
    health.begin()
    health.end(resultOf('cancelled'), 100)
    expect(health.snapshot(350)).toMatchObject({ inFlight: 1, staleMs: 250 })
  })

  it('keeps its error rate in [0, 1] whatever happens', () => {
    const outcomes = fc.constantFrom('success' as const, 'error' as const, 'rejected' as const)
    fc.assert(
      fc.property(fc.array(fc.tuple(outcomes, fc.nat(100_000)), { minLength: 1 }), calls => {
        const health = healthOf()
        let now = 0
        for (const [outcome, after] of calls) {
          now += after
          health.begin()
          health.end(resultOf(outcome), now)
        }
        const rate = health.snapshot(now).errorRate ?? 0
        expect(rate).toBeGreaterThanOrEqual(0)
        expect(rate).toBeLessThanOrEqual(1)
      }),
    )
  })
})

describe('latency quantiles', () => {
  it('are computed when asked, and again only after many values or some time', () => {
    const sketch = typescriptNative.createLatencySketch(Number.POSITIVE_INFINITY)
    let walks = 0
    const quantiles = new LatencyQuantiles({
      record: (value, now) => sketch.record(value, now),
      quantile: q => {
        walks += 1
        return sketch.quantile(q)
      },
      count: now => sketch.count(now),
      snapshot: () => sketch.snapshot(),
      restore: state => sketch.restore(state),
      merge: state => sketch.merge(state),
    })
    quantiles.record(100, 0)
    expect(walks).toBe(0)
    quantiles.p50(0)
    quantiles.p95(0)
    expect(walks).toBe(2)
    quantiles.record(900, 1)
    quantiles.p95(1)
    expect(walks).toBe(2)
    quantiles.p95(1_001)
    expect(walks).toBe(4)
    for (let value = 0; value < 64; value += 1) quantiles.record(100, 1_002)
    quantiles.p50(1_002)
    expect(walks).toBe(6)
    quantiles.p50(1_000_000)
    expect(walks).toBe(6)
  })
})

function relativeError(found: number | null, expected: number): number {
  return Math.abs((found ?? Number.NaN) - expected) / expected
}
