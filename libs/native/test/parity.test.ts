import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  type Bandit,
  CONTEXT_FIGURES,
  type NativeModule,
  STRATEGIES,
  type StrategyName,
} from '../src/index.ts'
import { rust, withoutRust } from './implementations.ts'
import { bits, bothOf, drawPenalties, equalBits } from './pairs.ts'
import { TestRandom } from './randomness.ts'

/** Of each strategy a million in the long form. */
const STEPS = process.env.ATP_VERIFY === 'full' ? 5_000_000 : 1_000_000
const ARMS = 8

/** A new pair: each restored from the other's snapshot, taught, and merged with its own. */
function exchange(create: (native: NativeModule) => Bandit, mine: Bandit, theirs: Bandit, now: number) {
  const snapshots = [mine.snapshot(), theirs.snapshot()] as const
  expect(bits(snapshots[0])).toEqual(bits(snapshots[1]))
  const pair = bothOf(create)
  pair.forEach((bandit, k) => {
    bandit.restore(snapshots[1 - k] as Float64Array)
    bandit.update(3, 0.5, now + 5)
    bandit.merge(snapshots[k] as Float64Array)
  })
  return pair
}

describe.skipIf(rust === null)(`Rust and TypeScript${withoutRust}`, () => {
  it(`take the same ${STEPS} decisions, and hold the same bits at the end`, { timeout: 30 * 60_000 }, () => {
    const random = new TestRandom(11)
    const priors = Array.from(
      { length: ARMS },
      () => [0.05 + 3 * random.uniform(), 0.05 + 3 * random.uniform()] as const,
    )
    const create = (native: NativeModule): Bandit => {
      const bandit = native.createBandit({ halfLifeMs: 60_000, windowMs: 50_000, ucbExploration: 0.7 })
      priors.forEach(([alpha, beta], arm) => {
        bandit.addArm(native.hash64(`arm ${arm}`)[1], alpha, beta)
      })
      return bandit
    }
    let [mine, theirs] = bothOf(create)
    const [weights, penalties] = [new Float64Array(ARMS), new Float64Array(ARMS)]
    const [drawn, expected] = [new Float64Array(ARMS), new Float64Array(ARMS)]
    let now = 1_700_000_000_000
    // Beside them the parent of all decides, without a context.
    const contexts = [0, 1, 2].map(() => new Float64Array(CONTEXT_FIGURES * ARMS))
    const twins = contexts.map(context => context.slice())
    let differing = 0
    for (let step = 0; step < STEPS; step += 1) {
      now += random.integer(10) === 0 ? random.integer(20_000) : random.integer(20)
      drawPenalties(random, penalties)
      const strategy = STRATEGIES[random.integer(STRATEGIES.length)] as StrategyName
      const [hi, lo] = [random.integer(2 ** 32), random.integer(2 ** 32)]
      for (let arm = 0; arm < ARMS; arm += 1) weights[arm] = 2 * random.uniform()
      const who = random.integer(contexts.length + 1)
      const [context, twin] = [contexts[who], twins[who]]
      const chosen = mine.select(strategy, hi, lo, now, weights, penalties, drawn, context)
      const same = chosen === theirs.select(strategy, hi, lo, now, weights, penalties, expected, twin)
      if (!same || !equalBits(drawn, expected)) differing += 1
      const [arm, reward, seen] = [Math.max(chosen, 0), random.uniform(), now - random.integer(500)]
      mine.update(arm, reward, seen, context)
      theirs.update(arm, reward, seen, twin)
      if (step % 1_000 === 999) [mine, theirs] = exchange(create, mine, theirs, now)
    }
    expect(differing).toBe(0)
    expect(contexts.map(bits)).toEqual(twins.map(bits))
    expect(bits(mine.snapshot())).toEqual(bits(theirs.snapshot()))
  })

  it('decide batches alike', () => {
    const random = new TestRandom(5)
    const seeds = Uint32Array.from({ length: 2_000 }, () => random.integer(2 ** 32))
    const [mine, theirs] = bothOf(native => {
      const bandit = native.createBandit({ halfLifeMs: 1_000 })
      for (let arm = 0; arm < ARMS; arm += 1) bandit.addArm(arm, 0.2 + arm / 4, 0.7)
      const chosen = new Int32Array(1_000)
      bandit.selectBatch('thompson', seeds, 5, new Float64Array(ARMS).fill(1), new Float64Array(ARMS), chosen)
      return chosen
    })
    expect(mine).toEqual(theirs)
  })

  it('count windows alike', () => {
    const time = fc.oneof(fc.nat(3), fc.nat(200), fc.nat(20_000))
    const amount = fc.oneof(fc.nat(9), fc.constantFrom(2 ** 52, Number.MAX_SAFE_INTEGER))
    const steps = fc.array(fc.record({ passed: time, back: fc.nat(400), amount, taken: amount }), {
      maxLength: 80,
    })
    const property = fc.property(
      fc.integer({ min: 1, max: 10_000 }),
      fc.nat(60),
      steps,
      (width, limit, trace) => {
        const both = bothOf(native => native.createSlidingWindow(width))
        let now = 1_700_000_000_000_000
        for (const { passed, back, amount, taken } of trace) {
          now += passed
          const [mine, theirs] = both.map(window => [
            window.add(now - back, amount),
            window.takeBack(now - back, taken),
            window.count(now),
            window.count(now + back),
            window.waitUs(now, amount, limit),
            window.waitUs(now, 2, limit),
            window.idleUs(),
          ])
          expect(mine).toEqual(theirs)
        }
      },
    )
    fc.assert(property, { numRuns: 1_000 })
  })

  it('sketch alike, to the last bit', () => {
    const random = new TestRandom(31)
    const [mine, theirs] = bothOf(native => native.createLatencySketch(5_000))
    let now = 1_700_000_000_000
    for (let step = 0; step < 20_000; step += 1) {
      now += random.integer(random.integer(100) === 0 ? 60_000 : 50) - 10
      const value = 1 / random.uniform() ** 2
      mine.record(value, now)
      theirs.record(value, now)
      if (step % 500 !== 0) continue
      const q = random.uniform()
      expect(mine.quantile(q)).toBe(theirs.quantile(q))
      expect(mine.count(now + 100)).toBe(theirs.count(now + 100))
      expect(bits(mine.snapshot())).toEqual(bits(theirs.snapshot()))
      const snapshot = theirs.snapshot()
      mine.merge(snapshot)
      theirs.merge(snapshot)
    }
    expect(bits(mine.snapshot())).toEqual(bits(theirs.snapshot()))
  })
})
