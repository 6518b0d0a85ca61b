import { expect, it } from 'vitest'
import { type Bandit, type NativeModule, STRATEGIES, type StrategyName } from '../src/index.ts'
import { describeEach } from './implementations.ts'

const HALF_LIFE = 1_000
/** An arm's in a snapshot of a bandit. */
const ARM_FIGURES = 69

function banditOf(
  native: NativeModule,
  arms: number,
  halfLifeMs = Number.POSITIVE_INFINITY,
  windowMs = 3_200,
): Bandit {
  const bandit = native.createBandit({ halfLifeMs, windowMs })
  for (let arm = 0; arm < arms; arm += 1) bandit.addArm(100 - arm, 1, 1)
  return bandit
}

function select(
  bandit: Bandit,
  strategy: StrategyName,
  penalties: number[],
  seedLo = 0,
  now = 0,
  weight = 1,
) {
  const qualities = new Float64Array(penalties.length)
  const weights = new Float64Array(penalties.length).fill(weight)
  const chosen = bandit.select(strategy, 1, seedLo, now, weights, Float64Array.from(penalties), qualities)
  return { chosen, qualities: Array.from(qualities) }
}

function posteriors(bandit: Bandit, now: number): number[] {
  const out = new Float64Array(2 * bandit.size)
  bandit.posteriors(now, out)
  return Array.from(out)
}

describeEach('a bandit', native => {
  it('numbers arms in the order they are added', () => {
    const bandit = native.createBandit({ halfLifeMs: HALF_LIFE })
    expect(bandit.size).toBe(0)
    expect([bandit.addArm(7, 1, 1), bandit.addArm(8, 1, 1)]).toEqual([0, 1])
    expect(bandit.size).toBe(2)
  })

  it('greedy takes the best mean less the penalty, weighed', () => {
    const bandit = banditOf(native, 2)
    bandit.update(0, 1, 0)
    expect(select(bandit, 'greedy', [0, 0]).chosen).toBe(0)
    expect(select(bandit, 'greedy', [0.2, 0]).chosen).toBe(1)
    expect(select(bandit, 'greedy', [0.2, 0], 0, 0, 2).chosen).toBe(0)
    expect(select(bandit, 'greedy', [0, 0]).qualities).toEqual([2 / 3, 1 / 2])
  })

  it('weighs each arm by its own weight', () => {
    const bandit = banditOf(native, 2)
    bandit.update(0, 1, 0)
    const qualities = new Float64Array(2)
    const chosen = bandit.select('greedy', 1, 2, 0, Float64Array.of(0.5, 1), new Float64Array(2), qualities)
    expect(chosen).toBe(1)
    expect(Array.from(qualities)).toEqual([2 / 3, 1 / 2])
  })

  it('klucb takes the largest quality that its plays do not speak against', () => {
    const bandit = banditOf(native, 3)
    for (let play = 0; play < 30; play += 1) {
      bandit.update(0, play % 3 === 0 ? 0 : 1, 0)
      bandit.update(1, 1, 0)
      bandit.update(2, 0, 0)
    }
    const { qualities } = select(bandit, 'klucb', [0, 0, 0])
    for (const [arm, quality] of qualities.entries()) {
      const [a, b] = posteriors(bandit, 0).slice(2 * arm, 2 * arm + 2) as [number, number]
      const mean = a / (a + b)
      const divergence = mean * Math.log(mean / quality) + (1 - mean) * Math.log((1 - mean) / (1 - quality))
      expect(quality).toBeGreaterThan(mean)
      expect(quality).toBeLessThan(1)
      expect((a + b) * divergence).toBeCloseTo(Math.log(97), 5)
    }
  })

  it('breaks ties by the lower penalty, then by the lower hash', () => {
    const bandit = banditOf(native, 3)
    expect(select(bandit, 'greedy', [0, 0, 0]).chosen).toBe(2)
    expect(select(bandit, 'greedy', [0.1, 0.2, 0.3], 0, 0, 0).chosen).toBe(0)
    // 1 + 2^-60 rounds to 1: equal utilities, unequal penalties.
    expect(select(bandit, 'greedy', [2 ** -60, 0, 2 ** -60]).chosen).toBe(1)
  })

  it('never chooses an arm that is not eligible, and says so where none is', () => {
    const bandit = banditOf(native, 3)
    const none = Number.POSITIVE_INFINITY
    for (const strategy of STRATEGIES) {
      const { chosen, qualities } = select(bandit, strategy, [none, 5, none])
      expect(chosen).toBe(1)
      expect(qualities.map(Number.isNaN)).toEqual([true, false, true])
      expect(select(bandit, strategy, [none, none, none]).chosen).toBe(-1)
    }
    expect(select(native.createBandit({ halfLifeMs: 1 }), 'thompson', []).chosen).toBe(-1)
  })

  it('consumes nothing: the same seed and state choose alike, another seed draws anew', () => {
    const bandit = banditOf(native, 4)
    const first = select(bandit, 'thompson', [0, 0, 0, 0], 5)
    expect(select(bandit, 'thompson', [0, 0, 0, 0], 6)).not.toEqual(first)
    expect(select(bandit, 'thompson', [0, 0, 0, 0], 5)).toEqual(first)
  })

  it("an arm's draw does not depend on its place among the others", () => {
    const [a, b] = [
      native.createBandit({ halfLifeMs: HALF_LIFE }),
      native.createBandit({ halfLifeMs: HALF_LIFE }),
    ]
    for (const hash of [1, 2, 3]) a.addArm(hash, hash, 2)
    for (const hash of [3, 1]) b.addArm(hash, hash, 2)
    const drawnByA = select(a, 'thompson', [0, 0, 0]).qualities
    expect(select(b, 'thompson', [0, 0]).qualities).toEqual([drawnByA[2], drawnByA[0]])
  })

  it('a batch decides as one decision after the other', () => {
    const bandit = banditOf(native, 4, HALF_LIFE)
    bandit.update(2, 0.7, 10)
    const weights = Float64Array.of(1, 0.5, 1.5, 2)
    const penalties = Float64Array.of(0.1, 0, 0.2, Number.POSITIVE_INFINITY)
    const seeds = Uint32Array.from({ length: 400 }, (_, k) => Math.imul(k, 0x9e3779b9))
    for (const strategy of STRATEGIES) {
      const chosen = new Int32Array(200)
      bandit.selectBatch(strategy, seeds, 20, weights, penalties, chosen)
      const singly = Array.from(chosen, (_, k) =>
        bandit.select(
          strategy,
          seeds[2 * k] as number,
          seeds[2 * k + 1] as number,
          20,
          weights,
          penalties,
          new Float64Array(4),
        ),
      )
      expect(Array.from(chosen)).toEqual(singly)
    }
  })

  it('ucb adds the published term to the mean, a prior counting as plays', () => {
    const bandit = native.createBandit({ halfLifeMs: Number.POSITIVE_INFINITY, ucbExploration: 0.5 })
    bandit.addArm(1, 1, 1)
    bandit.addArm(2, 1, 3)
    bandit.update(0, 1, 0)
    const { qualities } = select(bandit, 'ucb', [0, 0])
    expect(qualities[0]).toBeCloseTo(2 / 3 + 0.5 * Math.sqrt((2 * Math.log(8)) / 3), 14)
    expect(qualities[1]).toBeCloseTo(1 / 4 + 0.5 * Math.sqrt((2 * Math.log(8)) / 4), 14)
  })

  it('halves evidence each half-life, and never the prior', () => {
    const bandit = banditOf(native, 1, HALF_LIFE)
    bandit.update(0, 1, 5_000)
    bandit.update(0, 0.25, 5_000)
    expect(posteriors(bandit, 5_000)).toEqual([2.25, 1.75])
    expect(posteriors(bandit, 6_000)).toEqual([1.625, 1.375])
    expect(posteriors(bandit, 1e9)).toEqual([1, 1])
  })

  it("counts an earlier time than the arm's latest as the latest", () => {
    const bandit = banditOf(native, 1, HALF_LIFE)
    bandit.update(0, 1, 5_000)
    bandit.update(0, 1, 1_000)
    expect(posteriors(bandit, 3_000)).toEqual([3, 1])
    expect(posteriors(bandit, 6_000)).toEqual([2, 1])
  })

  it('a batch of updates learns as one after the other', () => {
    const [one, many] = [banditOf(native, 2, HALF_LIFE), banditOf(native, 2, HALF_LIFE)]
    one.update(1, 0.5, 10)
    one.update(0, 0.25, 500)
    one.update(1, 1, 900)
    many.updateBatch(Uint32Array.of(1, 0, 1), Float64Array.of(0.5, 0.25, 1), Float64Array.of(10, 500, 900))
    expect(many.snapshot()).toEqual(one.snapshot())
  })

  it('a snapshot restores another bandit, arm by arm too', () => {
    const [from, whole, single] = [
      banditOf(native, 2, HALF_LIFE),
      banditOf(native, 2, HALF_LIFE),
      banditOf(native, 2, HALF_LIFE),
    ]
    from.update(0, 0.3, 700)
    from.update(1, 0.9, 800)
    expect(whole.restore(from.snapshot())).toBe(0)
    expect(posteriors(whole, 1_234)).toEqual(posteriors(from, 1_234))
    expect(single.restoreArm(1, from.snapshotArm(0))).toBe(true)
    expect(posteriors(single, 1_234).slice(2)).toEqual(posteriors(from, 1_234).slice(0, 2))
  })

  it('merging adds the evidence, in any order, each weighed by its age', () => {
    const replicas = [300, 1_700, 900].map((time, k) => {
      const bandit = banditOf(native, 2, HALF_LIFE)
      bandit.update(k % 2, 0.5 + k / 10, time)
      return bandit
    })
    const [a, b, c] = replicas.map(replica => replica.snapshot()) as [
      Float64Array,
      Float64Array,
      Float64Array,
    ]
    const merged = (...order: Float64Array[]) => {
      const bandit = banditOf(native, 2, HALF_LIFE)
      for (const snapshot of order) bandit.merge(snapshot)
      return posteriors(bandit, 2_000)
    }
    const expected = [0, 1, 2, 3].map(
      i => 1 + replicas.reduce((sum, replica) => sum + (posteriors(replica, 2_000)[i] as number) - 1, 0),
    )
    for (const order of [
      [a, b, c],
      [c, b, a],
      [b, a, c],
    ]) {
      merged(...order).forEach((figure, i) => {
        expect(figure).toBeCloseTo(expected[i] as number, 12)
      })
    }
  })

  it('resets an arm with illegal figures to its prior and keeps the others', () => {
    const bandit = banditOf(native, 3)
    for (let arm = 0; arm < 3; arm += 1) bandit.update(arm, 1, 0)
    const snapshot = bandit.snapshot()
    snapshot[2] = Number.NaN
    snapshot[2 + ARM_FIGURES + 1] = -1
    expect(bandit.restore(snapshot)).toBe(2)
    expect(posteriors(bandit, 0)).toEqual([1, 1, 1, 1, 2, 1])
    expect(bandit.restoreArm(2, Float64Array.of(1, 0, 0, Number.POSITIVE_INFINITY))).toBe(false)
    expect(posteriors(bandit, 0)).toEqual([1, 1, 1, 1, 1, 1])
  })

  it('draws from extreme posteriors are still draws', () => {
    const bandit = native.createBandit({ halfLifeMs: Number.POSITIVE_INFINITY })
    bandit.addArm(1, 1e-6, 1e-6)
    bandit.addArm(2, 1e9, 1e9)
    bandit.addArm(3, 1e-6, 1e9)
    for (let seed = 0; seed < 1_000; seed += 1) {
      for (const quality of select(bandit, 'thompson', [0, 0, 0], seed).qualities) {
        expect(quality >= 0 && quality <= 1, `draw ${quality} of seed ${seed}`).toBe(true)
      }
    }
  })

  const words = new Uint32Array(2)
  const two = new Float64Array(2)
  const one = Float64Array.of(1, 1)
  const NAN = Number.NaN
  const shared = new Float64Array(2)
  const illegal: readonly (readonly [what: string, call: (bandit: Bandit) => unknown])[] = [
    ['a half-life of 0', () => native.createBandit({ halfLifeMs: 0 })],
    ['a half-life of NaN', () => native.createBandit({ halfLifeMs: NAN })],
    ['a window of 0', () => native.createBandit({ halfLifeMs: 1, windowMs: 0 })],
    ['an infinite window', () => native.createBandit({ halfLifeMs: 1, windowMs: Number.POSITIVE_INFINITY })],
    ['a negative exploration', () => native.createBandit({ halfLifeMs: 1, ucbExploration: -1 })],
    ['a hash that is no word', bandit => bandit.addArm(2 ** 32, 1, 1)],
    ['a fractional hash', bandit => bandit.addArm(0.5, 1, 1)],
    ['an alpha of 0', bandit => bandit.addArm(1, 0, 1)],
    ['an infinite beta', bandit => bandit.addArm(1, 1, Number.POSITIVE_INFINITY)],
    ['an unknown strategy', bandit => bandit.select('best' as StrategyName, 0, 0, 0, one, two, shared)],
    ['a negative seed', bandit => bandit.select('greedy', -1, 0, 0, one, two, shared)],
    ['a time of NaN', bandit => bandit.select('greedy', 0, 0, NAN, one, two, shared)],
    ['a negative time', bandit => bandit.select('greedy', 0, 0, -1, one, two, shared)],
    [
      'an infinite weight',
      bandit => bandit.select('greedy', 0, 0, 0, Float64Array.of(1, 1 / 0), two, shared),
    ],
    ['a negative weight', bandit => bandit.select('greedy', 0, 0, 0, Float64Array.of(-1, 1), two, shared)],
    ['too few weights', bandit => bandit.select('greedy', 0, 0, 0, new Float64Array(1), two, shared)],
    ['weights for qualities', bandit => bandit.select('greedy', 0, 0, 0, shared, two, shared)],
    ['a penalty of NaN', bandit => bandit.select('greedy', 0, 0, 0, one, Float64Array.of(0, NAN), shared)],
    [
      'a penalty of -Infinity',
      bandit => bandit.select('greedy', 0, 0, 0, one, Float64Array.of(0, -1 / 0), shared),
    ],
    ['too few penalties', bandit => bandit.select('greedy', 0, 0, 0, one, new Float64Array(1), shared)],
    ['too many qualities', bandit => bandit.select('greedy', 0, 0, 0, one, two, new Float64Array(3))],
    ['one array for both', bandit => bandit.select('greedy', 0, 0, 0, one, shared, shared)],
    ['one seed word too few', bandit => bandit.selectBatch('greedy', words, 0, one, two, new Int32Array(2))],
    ['an unknown arm', bandit => bandit.update(2, 1, 0)],
    ['a fractional arm', bandit => bandit.update(0.5, 1, 0)],
    ['a negative arm', bandit => bandit.update(-1, 1, 0)],
    ['a reward above 1', bandit => bandit.update(0, 1.1, 0)],
    ['a reward of NaN', bandit => bandit.update(0, NAN, 0)],
    ['an infinite time', bandit => bandit.update(0, 1, Number.POSITIVE_INFINITY)],
    ['a bad reward at the end of a batch', bandit => bandit.updateBatch(words, Float64Array.of(1, 2), two)],
    ['unequal lengths of a batch', bandit => bandit.updateBatch(words, two, new Float64Array(3))],
    ['a short output', bandit => bandit.posteriors(0, new Float64Array(3))],
    ['an empty snapshot', bandit => bandit.restore(new Float64Array(0))],
    ['a snapshot of another version', bandit => bandit.restore(Float64Array.of(9, 2, 0, 0, 0, 0, 0, 0))],
    ['a snapshot of another size', bandit => bandit.merge(Float64Array.of(1, 3, 0, 0, 0, 0, 0, 0))],
    ['illegal figures in a merge', bandit => bandit.merge(Float64Array.of(1, 2, 1, 1, 0, -1, 0, 0))],
    ['an unknown arm to snapshot', bandit => bandit.snapshotArm(2)],
    ['an arm of another version', bandit => bandit.restoreArm(0, Float64Array.of(3, 0, 0, 0))],
    [
      'windows of another length in a merge',
      bandit => bandit.merge(banditOf(native, 2, 1_000, 64).snapshot()),
    ],
  ]
  it.each(illegal)('refuses %s and changes nothing', (_, call) => {
    const bandit = banditOf(native, 2)
    bandit.update(0, 0.5, 100)
    const before = bandit.snapshot()
    expect(() => call(bandit)).toThrow(RangeError)
    expect(bandit.snapshot()).toEqual(before)
    expect(bandit.size).toBe(2)
  })
})
