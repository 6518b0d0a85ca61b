import fc from 'fast-check'
import { expect, it } from 'vitest'
import type { Bandit, NativeModule } from '../src/index.ts'
import { describeEach } from './implementations.ts'

const WINDOW = 3_200
const XI = 0.6

/** Arms with a Beta(1, 1) prior. */
function banditOf(native: NativeModule, arms: number, windowMs = WINDOW): Bandit {
  const bandit = native.createBandit({ halfLifeMs: 1_000, windowMs })
  for (let arm = 0; arm < arms; arm += 1) bandit.addArm(arm, 1, 1)
  return bandit
}

function indices(bandit: Bandit, now: number): number[] {
  const qualities = new Float64Array(bandit.size)
  const weights = new Float64Array(bandit.size).fill(1)
  bandit.select('swucb', 1, 2, now, weights, new Float64Array(bandit.size), qualities)
  return Array.from(qualities)
}

/** The published bound of a single arm, from what an exact window holds. */
function bound(successes: number, failures: number): number {
  const plays = 2 + successes + failures
  return (1 + successes) / plays + Math.sqrt((XI * Math.log(1 + plays)) / plays)
}

const play = fc.record({
  // Quarters: sums of them are exact in any order.
  reward: fc.integer({ min: 0, max: 4 }).map(quarters => quarters / 4),
  time: fc.integer({ min: 0, max: 20_000 }),
})

describeEach('the window of swucb', native => {
  it('bounds the mean of what it holds as published, a prior counting as plays', () => {
    const bandit = banditOf(native, 3)
    for (const [arm, reward] of [
      [0, 1],
      [0, 0.5],
      [1, 0],
    ] as const) {
      bandit.update(arm, reward, 10_000)
    }
    const explored = XI * Math.log(1 + 9)
    expect(indices(bandit, 10_000)[0]).toBeCloseTo(2.5 / 4 + Math.sqrt(explored / 4), 14)
    expect(indices(bandit, 10_000)[1]).toBeCloseTo(1 / 3 + Math.sqrt(explored / 3), 14)
    expect(indices(bandit, 10_000)[2]).toBeCloseTo(1 / 2 + Math.sqrt(explored / 2), 14)
  })

  it('holds nothing of age `windowMs`, and everything up to 31/32 of it: between two exact windows', () => {
    fc.assert(
      fc.property(fc.array(play, { maxLength: 60 }), fc.integer({ min: 0, max: 5_000 }), (plays, later) => {
        const bandit = banditOf(native, 1)
        for (const { reward, time } of plays) bandit.update(0, reward, time)
        const now = Math.max(0, ...plays.map(({ time }) => time)) + later
        const ages = [WINDOW, (WINDOW * 31) / 32]
        const boundary = plays.filter(({ time }) => now - time < WINDOW && now - time > (WINDOW * 31) / 32)
        const [index] = indices(bandit, now)
        if (boundary.length > 0) {
          // A bucket is held whole or not at all: some threshold between the two.
          const thresholds = [...ages, ...boundary.map(({ time }) => now - time)]
          const possible = thresholds.map(age => exact(plays, now, age))
          expect(possible.some(found => Math.abs(found - (index as number)) < 1e-12)).toBe(true)
        } else expect(index).toBeCloseTo(exact(plays, now, WINDOW), 12)
      }),
    )
  })

  it('holds late evidence at its own time, or not at all', () => {
    const bandit = banditOf(native, 1)
    bandit.update(0, 1, 10_000)
    bandit.update(0, 0, 8_000)
    bandit.update(0, 0, 5_000)
    expect(indices(bandit, 10_000)[0]).toBeCloseTo(bound(1, 1), 14)
    expect(indices(bandit, 11_500)[0]).toBeCloseTo(bound(1, 0), 14)
    expect(indices(bandit, 1e12)[0]).toBeCloseTo(bound(0, 0), 14)
  })

  it('merges replicas to the bit that one learner would have, in any order', () => {
    fc.assert(
      fc.property(
        fc.array(fc.array(play, { maxLength: 20 }), { minLength: 2, maxLength: 4 }),
        fc.infiniteStream(fc.nat()),
        (parts, random) => {
          const learned = (plays: (typeof parts)[number]) => {
            const bandit = banditOf(native, 1)
            for (const { reward, time } of plays) bandit.update(0, reward, time)
            return bandit.snapshot()
          }
          const shuffled = parts
            .map(part => ({ part, rank: random.next().value as number }))
            .toSorted((a, b) => a.rank - b.rank)
          const merged = banditOf(native, 1)
          for (const { part } of shuffled) merged.merge(learned(part))
          // Behind version, size and the decayed sums, which add up to rounding only.
          expect(merged.snapshot().slice(5)).toEqual(learned(parts.flat()).slice(5))
        },
      ),
    )
  })

  it('comes back from a snapshot, and starts empty from one without it or of another length', () => {
    const learned = banditOf(native, 1)
    learned.update(0, 1, 9_000)
    const snapshot = learned.snapshotArm(0)
    const restored = (from: Float64Array, windowMs = WINDOW) => {
      const bandit = banditOf(native, 1, windowMs)
      bandit.update(0, 0, 9_000)
      expect(bandit.restoreArm(0, from)).toBe(true)
      const posteriors = new Float64Array(2)
      bandit.posteriors(9_000, posteriors)
      expect(Array.from(posteriors)).toEqual([2, 1])
      return indices(bandit, 9_000)[0]
    }
    expect(restored(snapshot)).toBeCloseTo(bound(1, 0), 14)
    expect(restored(snapshot, 2 * WINDOW)).toBeCloseTo(bound(0, 0), 14)
    expect(restored(Float64Array.of(1, 1, 0, 9_000))).toBeCloseTo(bound(0, 0), 14)
  })

  it('reads and merges whole snapshots from before there were windows', () => {
    const bandit = banditOf(native, 2)
    bandit.update(1, 1, 9_000)
    bandit.merge(Float64Array.of(1, 2, 1, 0, 9_000, 0, 1, 9_000))
    expect(indices(bandit, 9_000)[1]).toBeGreaterThan(indices(bandit, 9_000)[0] as number)
    expect(bandit.restore(Float64Array.of(1, 2, 1, 0, 9_000, 0, 1, 9_000))).toBe(0)
    const posteriors = new Float64Array(4)
    bandit.posteriors(9_000, posteriors)
    expect(Array.from(posteriors)).toEqual([2, 1, 1, 2])
    expect(indices(bandit, 9_000)[1]).toBe(indices(bandit, 9_000)[0])
  })

  it.each([
    ['a width of 0', 4, 0],
    ['a width of NaN', 4, Number.NaN],
    ['a negative bucket', 5, -1],
    ['half a bucket', 5, 0.5],
    ['a bucket beyond all', 5, 2 ** 53],
    ['a negative sum', 6, -1],
    ['a sum of NaN', 69, Number.NaN],
  ])('resets an arm with %s, and merges nothing of it', (_, at, figure) => {
    const bandit = banditOf(native, 1)
    bandit.update(0, 1, 9_000)
    const corrupt = bandit.snapshotArm(0)
    corrupt[at] = figure
    const before = bandit.snapshot()
    expect(() => bandit.merge(Float64Array.of(2, 1, ...corrupt.slice(1)))).toThrow(
      /illegal figures for arm 0/,
    )
    expect(bandit.snapshot()).toEqual(before)
    expect(bandit.restoreArm(0, corrupt)).toBe(false)
    expect(indices(bandit, 9_000)[0]).toBeCloseTo(bound(0, 0), 14)
  })
})

/** The bound by what is younger than `age`. */
function exact(plays: readonly { reward: number; time: number }[], now: number, age: number): number {
  const held = plays.filter(({ time }) => now - time < age)
  const successes = held.reduce((sum, { reward }) => sum + reward, 0)
  return bound(successes, held.length - successes)
}
