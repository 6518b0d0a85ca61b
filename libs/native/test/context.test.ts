import { expect, it } from 'vitest'
import { type Bandit, CONTEXT_FIGURES, type LinearBandit } from '../src/index.ts'
import { describeEach } from './implementations.ts'

const NOW = 1_700_000_000_000
const HOUR_MS = 3_600_000

describeEach('A context of a bandit', native => {
  function posteriors(bandit: Bandit, context?: Float64Array, now = NOW) {
    const out = new Float64Array(2 * bandit.size)
    bandit.posteriors(now, out, context)
    return Array.from(out)
  }

  function banditOf(arms: number) {
    const bandit = native.createBandit({ halfLifeMs: HOUR_MS })
    for (let arm = 0; arm < arms; arm += 1) bandit.addArm(arm + 1, 2, 1)
    return bandit
  }

  it('starts from what the others taught, as if that were at most twenty answers', () => {
    const bandit = banditOf(2)
    for (let k = 0; k < 400; k += 1) bandit.update(0, k % 4 === 0 ? 0 : 1, NOW)
    const [alpha, beta, ...rest] = posteriors(bandit, new Float64Array(6)) as [number, number, number, number]
    expect(alpha + beta).toBeCloseTo(20, 9)
    expect(alpha / (alpha + beta)).toBeCloseTo(302 / 403, 9)
    expect(rest).toEqual([2, 1])
  })

  it('believes what its parent believes where nobody else taught anything', () => {
    const bandit = banditOf(2)
    const context = new Float64Array(6)
    for (let k = 0; k < 500; k += 1) bandit.update(k % 2, (k % 7) / 7, NOW + k, context)
    const own = posteriors(bandit, context, NOW + HOUR_MS)
    const parent = posteriors(bandit, undefined, NOW + HOUR_MS)
    own.forEach((figure, k) => {
      expect(figure).toBeCloseTo(parent[k] as number, 6)
    })
  })

  it('goes its own way where it differs, and moves another context by no more than twenty answers', () => {
    const bandit = banditOf(1)
    const [odd, other] = [new Float64Array(3), new Float64Array(3)]
    for (let k = 0; k < 300; k += 1) bandit.update(0, 0, NOW, odd)
    for (let k = 0; k < 300; k += 1) bandit.update(0, 1, NOW, other)
    const mean = (context: Float64Array) => {
      const [alpha, beta] = posteriors(bandit, context) as [number, number]
      return alpha / (alpha + beta)
    }
    expect(mean(odd)).toBeLessThan(20 / 320 + 0.01)
    expect(mean(other)).toBeGreaterThan(300 / 320 - 0.01)
  })

  it('forgets by time, as its parent does', () => {
    const bandit = banditOf(1)
    const context = new Float64Array(3)
    bandit.update(0, 1, NOW, context)
    bandit.update(0, 1, NOW + HOUR_MS, context)
    expect(Array.from(context)).toEqual([1.5, 0, NOW + HOUR_MS])
  })

  it('decides by its own posterior', () => {
    const bandit = banditOf(2)
    const context = new Float64Array(6)
    for (let k = 0; k < 200; k += 1) {
      bandit.update(0, 1, NOW)
      bandit.update(1, 0, NOW)
      bandit.update(0, 0, NOW, context)
      bandit.update(1, 1, NOW, context)
    }
    const [weights, penalties, qualities] = [
      new Float64Array(2).fill(1),
      Float64Array.of(0, 0.05),
      new Float64Array(2),
    ]
    expect(bandit.select('greedy', 1, 1, NOW, weights, penalties, qualities)).toBe(0)
    expect(bandit.select('greedy', 1, 1, NOW, weights, penalties, qualities, context)).toBe(1)
    expect(qualities[1]).toBeCloseTo(200 / 220, 2)
  })

  it('is refused where its figures are illegal or of other arms, and nothing is learned', () => {
    const bandit = banditOf(1)
    const before = bandit.snapshot()
    const illegal = [
      [1, 2],
      [Number.NaN, 0, 0],
      [-1, 0, 0],
      [0, -1, 0],
      [0, 0, Number.POSITIVE_INFINITY],
    ]
    for (const figures of illegal) {
      expect(() => bandit.update(0, 1, NOW, Float64Array.from(figures))).toThrow(RangeError)
      expect(() => posteriors(bandit, Float64Array.from(figures))).toThrow(RangeError)
    }
    expect(bandit.snapshot()).toEqual(before)
  })
})

describeEach('A context of a linear bandit', native => {
  const x = Float64Array.of(1, 0.5)

  function banditOf(arms: number) {
    const bandit = native.createLinearBandit({
      dimension: 2,
      biasRidge: 1,
      ridge: 10,
      commonRidge: 10,
      halfLifeMs: HOUR_MS,
      noise: 0.25,
      exploration: 0.3,
      changeThreshold: 8,
    })
    for (let arm = 0; arm < arms; arm += 1) bandit.addArm(arm + 1, 1)
    return bandit
  }

  function estimate(bandit: LinearBandit, context?: Float64Array) {
    const [means, deviations] = [new Float64Array(bandit.size), new Float64Array(bandit.size)]
    bandit.estimate(NOW, x, means, deviations, context)
    return { mean: means[0] as number, deviation: deviations[0] as number }
  }

  it('starts from the expectation of all, and is less sure of it', () => {
    const bandit = banditOf(1)
    for (let k = 0; k < 200; k += 1) bandit.update(0, x, 0.5 + (k % 5) / 20, 1, NOW)
    const parent = estimate(bandit)
    const own = estimate(bandit, new Float64Array(CONTEXT_FIGURES))
    expect(own.mean).toBe(parent.mean)
    expect(own.deviation).toBeGreaterThan(parent.deviation)
  })

  it('learns what its answers are worth beside those of all', () => {
    const bandit = banditOf(1)
    const [good, bad] = [new Float64Array(3), new Float64Array(3)]
    for (let k = 0; k < 400; k += 1) {
      bandit.update(0, x, 0.9, 1, NOW, good)
      bandit.update(0, x, 0.3, 1, NOW, bad)
    }
    expect(estimate(bandit).mean).toBeCloseTo(0.6, 1)
    expect(estimate(bandit, good).mean).toBeGreaterThan(0.8)
    expect(estimate(bandit, bad).mean).toBeLessThan(0.4)
    expect(good[0]).toBeCloseTo(400, 9)
  })

  it('is refused where its figures are illegal, and nothing is learned', () => {
    const bandit = banditOf(1)
    const before = bandit.snapshotArm(0)
    for (const figures of [[1], [-1, 0, 0], [0, Number.NaN, 0], [0, 0, -1]]) {
      expect(() => bandit.update(0, x, 1, 1, NOW, Float64Array.from(figures))).toThrow(RangeError)
      expect(() => estimate(bandit, Float64Array.from(figures))).toThrow(RangeError)
    }
    expect(bandit.snapshotArm(0)).toEqual(before)
  })
})
