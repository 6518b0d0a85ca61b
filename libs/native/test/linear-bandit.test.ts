import { expect, it } from 'vitest'
import {
  KEPT_AT_CHANGE,
  type LinearBandit,
  type LinearBanditOptions,
  type NativeModule,
  type StrategyName,
} from '../src/index.ts'
import { describeEach } from './implementations.ts'
import { TestRandom } from './randomness.ts'

const OPTIONS: LinearBanditOptions = {
  dimension: 3,
  biasRidge: 1,
  ridge: 2,
  commonRidge: 10,
  halfLifeMs: Number.POSITIVE_INFINITY,
  noise: 1,
  exploration: 0.5,
  changeThreshold: Number.POSITIVE_INFINITY,
}

function banditOf(
  native: NativeModule,
  arms: number,
  { prior = 0.5, ...differs }: Partial<LinearBanditOptions> & { readonly prior?: number } = {},
) {
  const bandit = native.createLinearBandit({ ...OPTIONS, ...differs })
  for (let arm = 0; arm < arms; arm += 1) bandit.addArm(100 - arm, prior)
  return bandit
}

function estimate(bandit: LinearBandit, x: Float64Array, now = 0) {
  const [means, deviations] = [new Float64Array(bandit.size), new Float64Array(bandit.size)]
  bandit.estimate(now, x, means, deviations)
  return { means: Array.from(means), deviations: Array.from(deviations) }
}

function select(bandit: LinearBandit, strategy: StrategyName, x: Float64Array, seedLo = 0) {
  const qualities = new Float64Array(bandit.size)
  const weights = new Float64Array(bandit.size).fill(1)
  const chosen = bandit.select(strategy, 1, seedLo, 0, x, weights, new Float64Array(bandit.size), qualities)
  return { chosen, qualities: Array.from(qualities) }
}

/** x with its bias. */
const features = (...rest: number[]) => Float64Array.of(1, ...rest)

/** Solves A y = b by elimination: the plain way, to compare with. */
function solve(matrix: readonly (readonly number[])[], b: readonly number[]): number[] {
  const rows = matrix.map((row, k) => [...row, b[k] as number])
  for (let pivot = 0; pivot < rows.length; pivot += 1) {
    for (let row = 0; row < rows.length; row += 1) {
      if (row === pivot) continue
      const factor = (rows[row]?.[pivot] as number) / (rows[pivot]?.[pivot] as number)
      rows[row] = (rows[row] as number[]).map((value, k) => value - factor * (rows[pivot]?.[k] as number))
    }
  }
  return rows.map((row, k) => (row.at(-1) as number) / (row[k] as number))
}

/** A ridge that no evidence gets over. */
const NOTHING_IN_COMMON = 1e9

describeEach('a linear bandit', native => {
  it('expects its prior before it has seen anything, and is unsure by its ridge', () => {
    const { means, deviations } = estimate(banditOf(native, 2), features(1, 0))
    expect(means).toEqual([0.5, 0.5])
    expect(deviations[0]).toBeCloseTo(Math.sqrt(1 / 1 + 1 / 2), 12)
  })

  it('learns how far single targets spread around their expectation', () => {
    for (const spread of [0.02, 0.5]) {
      const bandit = banditOf(native, 2)
      const random = new TestRandom(17)
      const x = features(0.5, 0)
      for (let step = 0; step < 4_000; step += 1) {
        // Uniform: its deviation is its width over the square root of 12.
        const target = 0.7 + spread * Math.sqrt(12) * (random.uniform() - 0.5)
        bandit.update(step % 2, x, target, 1, step)
      }
      const { deviations } = estimate(bandit, x)
      // Of 2,000 observations of one and the same request.
      expect((deviations[0] as number) * Math.sqrt(2_000)).toBeGreaterThan(0.9 * spread)
      expect((deviations[0] as number) * Math.sqrt(2_000)).toBeLessThan(spread + 0.05)
    }
  })

  it('is ridge regression: means and deviations as the closed form has them, with a ridge that follows the spread', () => {
    const bandit = banditOf(native, 1, { commonRidge: NOTHING_IN_COMMON })
    const random = new TestRandom(3)
    const precision = [0, 1, 2].map(() => [0, 0, 0])
    const moment = [0, 0, 0]
    for (let step = 0; step < 2_000; step += 1) {
      const x = features(random.uniform() - 0.5, random.uniform() - 0.5)
      const target = random.uniform()
      const weight = 0.5 + random.uniform()
      bandit.update(0, x, target, weight, step)
      for (let i = 0; i < 3; i += 1) {
        moment[i] = (moment[i] as number) + weight * (x[i] as number) * (target - 0.5)
        for (let j = 0; j < 3; j += 1) {
          const row = precision[i] as number[]
          row[j] = (row[j] as number) + weight * (x[i] as number) * (x[j] as number)
        }
      }
    }
    // Ridge and spread are taken up exactly where statistics are.
    const snapshot = bandit.snapshotArm(0)
    bandit.restoreArm(0, snapshot)
    const [, , , weight, squares] = snapshot as unknown as [number, number, number, number, number]
    const variance = (5 * OPTIONS.noise ** 2 + squares) / (5 + weight)
    const ridge = (OPTIONS.ridge * variance) / OPTIONS.noise ** 2
    for (const [k, row] of precision.entries()) row[k] = (row[k] as number) + (k === 0 ? 1 : ridge)
    const x = features(0.3, -0.4)
    const coefficients = solve(precision, moment)
    const gain = solve(precision, Array.from(x))
    const dot = (a: readonly number[]) => a.reduce((sum, value, k) => sum + value * (x[k] as number), 0)
    const { means, deviations } = estimate(bandit, x)
    expect(means[0]).toBeCloseTo(0.5 + dot(coefficients), 10)
    expect(deviations[0]).toBeCloseTo(Math.sqrt(dot(gain) * variance), 10)
  })

  it('notices that an arm has changed, and believes what comes now', () => {
    const [watchful, stubborn] = [8, Number.POSITIVE_INFINITY].map(changeThreshold => {
      const bandit = banditOf(native, 1, { noise: 0.1, changeThreshold })
      const random = new TestRandom(7)
      const learn = (mean: number, times: number) => {
        for (let step = 0; step < times; step += 1) {
          bandit.update(0, features(random.uniform() - 0.5, 0), mean + 0.3 * (random.uniform() - 0.5), 1, 0)
        }
      }
      learn(0.9, 1_000)
      const before = estimate(bandit, features(0, 0)).means[0] as number
      learn(0.6, 25)
      return { before, after: estimate(bandit, features(0, 0)).means[0] as number }
    })
    expect(watchful?.before).toBe(stubborn?.before)
    expect(watchful?.before).toBeCloseTo(0.9, 1)
    expect(stubborn?.after).toBeGreaterThan(0.88)
    expect(watchful?.after).toBeLessThan(0.75)
  })

  it('counts the changes of each arm, and goes on watching where legal figures replace its own', () => {
    const restored = (figures: (bandit: LinearBandit) => Float64Array) => {
      const bandit = banditOf(native, 2, { noise: 0.1, changeThreshold: 8 })
      const learn = (target: number, times: number) => {
        for (let step = 0; step < times; step += 1) bandit.update(0, features(0, 0), target, 1, 0)
      }
      learn(0.9, 100)
      const learned = bandit.snapshotArm(0)
      const surprises = () => {
        learn(0.3, 3)
        bandit.restoreArm(0, figures(bandit))
        bandit.restoreArm(0, learned)
      }
      for (let round = 0; round < 3; round += 1) surprises()
      return [bandit.changes(0), bandit.changes(1)]
    }
    // Each surprise counts for 1.5 at most: three rounds of three exceed 8, and one round does not.
    expect(restored(bandit => bandit.snapshotArm(0))).toEqual([1, 0])
    expect(restored(bandit => bandit.snapshotArm(0).fill(Number.NaN, 2))).toEqual([0, 0])
  })

  it('keeps the stated share of the evidence at a change', () => {
    const bandit = banditOf(native, 1, { noise: 0.1, changeThreshold: 8 })
    const weight = () => bandit.snapshotArm(0)[3] as number
    for (let step = 0; step < 1_000; step += 1) bandit.update(0, features(0, 0), 0.9, 1, 0)
    let before = weight()
    while (bandit.changes(0) === 0) {
      before = weight()
      bandit.update(0, features(0, 0), 0.1, 1, 0)
    }
    expect(weight()).toBeCloseTo(before * KEPT_AT_CHANGE + 1, 9)
  })

  it('expects of an arm that nobody tried what the others have in common, but for their level', () => {
    const bandit = banditOf(native, 4, { noise: 0.1, commonRidge: 0.1 })
    const random = new TestRandom(5)
    for (let step = 0; step < 1_500; step += 1) {
      const x = features(random.uniform() - 0.5, random.uniform() - 0.5)
      const arm = step % 3
      bandit.update(arm, x, 0.2 * arm + 0.4 * (x[1] as number) - 0.3 * (x[2] as number), 1, step)
    }
    const at = (x: Float64Array) => estimate(bandit, x).means[3] as number
    expect(at(features(0, 0))).toBeCloseTo(0.5, 10)
    expect(at(features(1, 0)) - at(features(0, 0))).toBeCloseTo(0.4, 1)
    expect(at(features(0, 1)) - at(features(0, 0))).toBeCloseTo(-0.3, 1)
  })

  it('expects an arm that nobody tried at its prior, however much others fall short of theirs', () => {
    const bandit = banditOf(native, 9, { prior: 1, biasRidge: 3, noise: 0.25 })
    const random = new TestRandom(3)
    for (let step = 0; step < 64; step += 1) {
      // Its second feature is what all requests have: it tells no more than the bias.
      bandit.update(step % 8, features(1, random.uniform() - 0.5), 0.4, 1, step)
    }
    expect(estimate(bandit, features(1, 0)).means[8]).toBeCloseTo(1, 2)
  })

  it.each(['thompson', 'ucb', 'greedy'] as const)(
    'learns which arm is better for which features: %s',
    strategy => {
      const bandit = banditOf(native, 2, { exploration: 0.2, noise: 0.1, prior: 1 })
      const random = new TestRandom(11)
      let right = 0
      for (let step = 0; step < 2_000; step += 1) {
        const x = features(random.uniform() < 0.5 ? 1 : -1, random.uniform())
        const { chosen } = select(bandit, strategy, x, step)
        const better = (x[1] as number) > 0 ? 0 : 1
        if (step >= 1_000 && chosen === better) right += 1
        bandit.update(chosen, x, (chosen === better ? 0.8 : 0.4) + 0.2 * random.uniform(), 1, step)
      }
      expect(right).toBeGreaterThan(900)
    },
  )

  it('draws with the deviation of its expectation', () => {
    const bandit = banditOf(native, 1)
    const x = features(0.5, 0.5)
    for (let step = 0; step < 20; step += 1) bandit.update(0, x, 0.7, 1, 0)
    const { means, deviations } = estimate(bandit, x)
    const draws = Array.from(
      { length: 4_000 },
      (_, k) => select(bandit, 'thompson', x, k).qualities[0] as number,
    )
    const mean = draws.reduce((sum, draw) => sum + draw) / draws.length
    const variance = draws.reduce((sum, draw) => sum + (draw - mean) ** 2, 0) / draws.length
    const expected = 0.5 * (deviations[0] as number)
    expect(Math.abs(mean - (means[0] as number))).toBeLessThan((4 * expected) / Math.sqrt(draws.length))
    expect(Math.sqrt(variance) / expected).toBeGreaterThan(0.95)
    expect(Math.sqrt(variance) / expected).toBeLessThan(1.05)
    expect(select(bandit, 'ucb', x).qualities[0]).toBeCloseTo((means[0] as number) + expected, 12)
    expect(select(bandit, 'greedy', x).qualities[0]).toBe(means[0])
  })

  it.each(['thompson', 'ucb', 'greedy'] as const)(
    'a batch decides as one decision after the other: %s',
    strategy => {
      const bandit = banditOf(native, 4, { halfLifeMs: 1_000 })
      const random = new TestRandom(13)
      for (let step = 0; step < 60; step += 1) {
        bandit.update(step % 4, features(random.uniform(), random.uniform()), random.uniform(), 1, step)
      }
      const weights = Float64Array.of(1, 0.9, 1.1, 2)
      const penalties = Float64Array.of(0.1, 0, 0.2, Number.POSITIVE_INFINITY)
      const seeds = Uint32Array.from({ length: 400 }, () => random.integer(2 ** 32))
      const rows = Float64Array.from({ length: 600 }, (_, k) => (k % 3 === 0 ? 1 : 4 * random.uniform() - 2))
      const chosen = new Int32Array(200)
      bandit.selectBatch(strategy, seeds, 500, rows, weights, penalties, chosen)
      const singly = Array.from(chosen, (_, k) => {
        const x = rows.slice(3 * k, 3 * k + 3)
        const [hi, lo] = seeds.slice(2 * k) as unknown as [number, number]
        return bandit.select(strategy, hi, lo, 500, x, weights, penalties, new Float64Array(4))
      })
      expect(Array.from(chosen)).toEqual(singly)
      expect(new Set(singly).size).toBe(3)
      bandit.selectBatch(strategy, seeds, 500, rows, weights, new Float64Array(4).fill(1 / 0), chosen)
      expect(new Set(chosen)).toEqual(new Set([-1]))
    },
  )

  it('forgets by time: evidence of one half-life ago counts half, and the ridge stays', () => {
    const [recent, old] = [0, 1].map(age => {
      const bandit = banditOf(native, 1, { halfLifeMs: 1_000 })
      bandit.update(0, features(0, 0), 1, age === 0 ? 0.5 : 1, 5_000 - 1_000 * age)
      return estimate(bandit, features(0, 0), 5_000)
    })
    expect(old?.means[0]).toBeCloseTo(recent?.means[0] as number, 10)
    const bandit = banditOf(native, 1, { halfLifeMs: 1_000 })
    for (let step = 0; step < 1_000; step += 1) bandit.update(0, features(1, 0), 1, 1, 0)
    const longAfter = estimate(bandit, features(1, 1), 1e9)
    expect(longAfter.means[0]).toBeCloseTo(0.5, 10)
    expect(longAfter.deviations[0]).toBeCloseTo(Math.sqrt(1 + 1 / 2 + 1 / 2), 10)
  })

  it('leaves out arms that are not eligible', () => {
    const bandit = banditOf(native, 3)
    const qualities = new Float64Array(3)
    const none = Float64Array.of(1, 1, 1).fill(Number.POSITIVE_INFINITY)
    const weights = Float64Array.of(1, 1, 1)
    const x = features(0, 0)
    expect(bandit.select('thompson', 1, 2, 0, x, weights, none, qualities)).toBe(-1)
    expect(Array.from(qualities)).toEqual([Number.NaN, Number.NaN, Number.NaN])
    const second = Float64Array.of(Number.POSITIVE_INFINITY, 0, Number.POSITIVE_INFINITY)
    expect(bandit.select('greedy', 1, 2, 0, x, weights, second, qualities)).toBe(1)
  })

  it('brings an arm back from its snapshot, and adds that of a replica in any order', () => {
    const teach = (from: number, to: number) => {
      const bandit = banditOf(native, 1, { halfLifeMs: 10_000 })
      const random = new TestRandom(from)
      for (let step = from; step < to; step += 1) {
        bandit.update(0, features(random.uniform(), random.uniform()), random.uniform(), 1, 10 * step)
      }
      return bandit
    }
    const parts = [teach(0, 100), teach(100, 300), teach(300, 330)]
    const merged = [
      [0, 1, 2],
      [2, 0, 1],
      [1, 2, 0],
    ].map(order => {
      const bandit = banditOf(native, 1, { halfLifeMs: 10_000 })
      for (const part of order) bandit.mergeArm(0, (parts[part] as LinearBandit).snapshotArm(0))
      return estimate(bandit, features(0.2, 0.8), 4_000)
    })
    for (const other of merged) {
      expect(other.means[0]).toBeCloseTo(merged[0]?.means[0] as number, 12)
      expect(other.deviations[0]).toBeCloseTo(merged[0]?.deviations[0] as number, 12)
    }
    const back = banditOf(native, 1, { halfLifeMs: 10_000 })
    expect(back.restoreArm(0, (parts[1] as LinearBandit).snapshotArm(0))).toBe(true)
    const [mine, theirs] = [back, parts[1] as LinearBandit].map(one =>
      estimate(one, features(0.5, 0.5), 4_000),
    )
    expect(mine?.means[0]).toBeCloseTo(theirs?.means[0] as number, 10)
  })

  it('resets an arm with illegal figures to its prior, and says so', () => {
    const bandit = banditOf(native, 1)
    bandit.update(0, features(1, 1), 1, 1, 0)
    const snapshot = bandit.snapshotArm(0)
    for (const [at, figure] of [
      [3, -1],
      [4, -1],
      [5, Number.NaN],
      [8, -1],
      [9, Number.POSITIVE_INFINITY],
    ] as const) {
      const corrupt = Float64Array.from(snapshot)
      corrupt[at] = figure
      expect(() => bandit.mergeArm(0, corrupt)).toThrow(RangeError)
      expect(bandit.restoreArm(0, corrupt)).toBe(false)
      expect(estimate(bandit, features(1, 1)).means).toEqual([0.5])
      expect(bandit.restoreArm(0, snapshot)).toBe(true)
    }
  })

  const x = Float64Array.of(1, 0, 0)
  const two = new Float64Array(2)
  const one = Float64Array.of(1, 1)
  const out = new Float64Array(2)
  const batch = new Int32Array(1)
  const NAN_ROW = Float64Array.of(1, 0, Number.NaN)
  const illegal: readonly (readonly [what: string, call: (bandit: LinearBandit) => unknown])[] = [
    ['a dimension of 0', () => native.createLinearBandit({ ...OPTIONS, dimension: 0 })],
    ['a dimension of 257', () => native.createLinearBandit({ ...OPTIONS, dimension: 257 })],
    ['a fractional dimension', () => native.createLinearBandit({ ...OPTIONS, dimension: 2.5 })],
    ['a ridge of 0', () => native.createLinearBandit({ ...OPTIONS, ridge: 0 })],
    ['a ridge of NaN', () => native.createLinearBandit({ ...OPTIONS, biasRidge: Number.NaN })],
    ['a half-life of 0', () => native.createLinearBandit({ ...OPTIONS, halfLifeMs: 0 })],
    ['a change threshold of 0', () => native.createLinearBandit({ ...OPTIONS, changeThreshold: 0 })],
    ['a noise of 0', () => native.createLinearBandit({ ...OPTIONS, noise: 0 })],
    ['a negative exploration', () => native.createLinearBandit({ ...OPTIONS, exploration: -1 })],
    ['a prior of NaN', bandit => bandit.addArm(1, Number.NaN)],
    ['a hash that is no word', bandit => bandit.addArm(-1, 0)],
    ['an unknown strategy', bandit => bandit.select('best' as StrategyName, 0, 0, 0, x, one, two, out)],
    ['too few features', bandit => bandit.select('greedy', 0, 0, 0, two, one, two, out)],
    [
      'a feature of NaN',
      bandit => bandit.select('greedy', 0, 0, 0, Float64Array.of(1, Number.NaN, 0), one, two, out),
    ],
    ['klucb, which knows no features', bandit => bandit.select('klucb', 0, 0, 0, x, one, two, out)],
    ['swucb, which knows no features', bandit => bandit.select('swucb', 0, 0, 0, x, one, two, out)],
    ['a batch by klucb', bandit => bandit.selectBatch('klucb', new Uint32Array(2), 0, x, one, two, batch)],
    ['a seed too few', bandit => bandit.selectBatch('greedy', new Uint32Array(1), 0, x, one, two, batch)],
    ['a row too few', bandit => bandit.selectBatch('greedy', new Uint32Array(2), 0, two, one, two, batch)],
    [
      'a feature of NaN in a batch',
      bandit => bandit.selectBatch('greedy', new Uint32Array(2), 0, NAN_ROW, one, two, batch),
    ],
    ['a huge feature', bandit => bandit.estimate(0, Float64Array.of(1, 1e7, 0), out, two)],
    ['a negative weight', bandit => bandit.select('greedy', 0, 0, 0, x, Float64Array.of(-1, 1), two, out)],
    ['too few penalties', bandit => bandit.select('greedy', 0, 0, 0, x, one, x, out)],
    ['qualities that are the penalties', bandit => bandit.select('greedy', 0, 0, 0, x, one, out, out)],
    ['a negative time', bandit => bandit.update(0, x, 1, 1, -1)],
    ['an unknown arm', bandit => bandit.update(2, x, 1, 1, 0)],
    ['an unknown arm to count changes of', bandit => bandit.changes(2)],
    ['an infinite target', bandit => bandit.update(0, x, Number.POSITIVE_INFINITY, 1, 0)],
    ['a weight of 0', bandit => bandit.update(0, x, 1, 0, 0)],
    ['a weight of NaN', bandit => bandit.update(0, x, 1, Number.NaN, 0)],
    ['one array for both outputs', bandit => bandit.estimate(0, x, out, out)],
    ['an empty snapshot', bandit => bandit.restoreArm(0, new Float64Array(0))],
    ['a snapshot of another version', bandit => bandit.restoreArm(0, new Float64Array(14).fill(9))],
  ]
  it.each(illegal)('refuses %s and changes nothing', (_, call) => {
    const bandit = banditOf(native, 2)
    bandit.update(0, x, 0.9, 1, 100)
    const before = bandit.snapshotArm(0)
    expect(() => call(bandit)).toThrow(RangeError)
    expect(bandit.snapshotArm(0)).toEqual(before)
    expect(bandit.size).toBe(2)
  })
})
