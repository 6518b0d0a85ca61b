import { describe, expect, it } from 'vitest'
import { CONTEXT_FIGURES, type LinearBandit, type NativeModule } from '../src/index.ts'
import { rust, withoutRust } from './implementations.ts'
import { bits, bothOf, drawPenalties, equalBits } from './pairs.ts'
import { TestRandom } from './randomness.ts'

const STRATEGIES = ['thompson', 'ucb', 'greedy'] as const
/** Of each strategy a million in the long form. */
const STEPS = process.env.ATP_VERIFY === 'full' ? 3_000_000 : 1_000_000
const ARMS = 8
const DIMENSION = 13

function create(native: NativeModule): LinearBandit {
  const bandit = native.createLinearBandit({
    dimension: DIMENSION,
    biasRidge: 1,
    ridge: 3,
    commonRidge: 10,
    // Some 80 observations an arm: enough to watch for changes.
    halfLifeMs: 600_000,
    noise: 0.3,
    exploration: 0.8,
    // Low, so that alarms are many.
    changeThreshold: 3,
  })
  for (let arm = 0; arm < ARMS; arm += 1) bandit.addArm(native.hash64(`arm ${arm}`)[1], arm / ARMS)
  return bandit
}

/** A trace of decisions and observations, played on both. */
class Trace {
  readonly random = new TestRandom(9)
  readonly #x = new Float64Array(DIMENSION)
  readonly #weights = new Float64Array(ARMS)
  readonly #penalties = new Float64Array(ARMS)
  readonly #drawn = new Float64Array(ARMS)
  readonly #expected = new Float64Array(ARMS)
  /** Of each a twin; beside them the parent of all decides, without a context. */
  readonly contexts = [0, 1, 2].map(() => [0, 1].map(() => new Float64Array(CONTEXT_FIGURES * ARMS)))
  #now = 1_700_000_000_000

  /** @returns whether both decided alike, to the last bit of every index */
  step(mine: LinearBandit, theirs: LinearBandit): boolean {
    const { random } = this
    this.#now += random.integer(10) === 0 ? random.integer(20_000) : random.integer(20)
    drawPenalties(random, this.#penalties)
    for (let k = 0; k < DIMENSION; k += 1) this.#x[k] = k === 0 ? 1 : random.uniform() - 0.5
    for (let arm = 0; arm < ARMS; arm += 1) this.#weights[arm] = 2 * random.uniform()
    const strategy = STRATEGIES[random.integer(STRATEGIES.length)] as (typeof STRATEGIES)[number]
    const [hi, lo] = [random.integer(2 ** 32), random.integer(2 ** 32)]
    const [context, twin] = this.contexts[random.integer(this.contexts.length + 1)] ?? []
    const decide = (bandit: LinearBandit, qualities: Float64Array, who: Float64Array | undefined) =>
      bandit.select(strategy, hi, lo, this.#now, this.#x, this.#weights, this.#penalties, qualities, who)
    const chosen = decide(mine, this.#drawn, context)
    const same = chosen === decide(theirs, this.#expected, twin) && equalBits(this.#drawn, this.#expected)
    const [target, weight, seen] = [random.uniform(), 0.1 + random.uniform(), this.#now - random.integer(500)]
    const arm = Math.max(chosen, 0)
    mine.update(arm, this.#x, target, weight, seen, context)
    theirs.update(arm, this.#x, target, weight, seen, twin)
    return same
  }
}

/** Whether both decide a batch alike. */
function sameBatch(random: TestRandom, mine: LinearBandit, theirs: LinearBandit): boolean {
  const seeds = Uint32Array.from({ length: 40 }, () => random.integer(2 ** 32))
  const features = Float64Array.from({ length: 20 * DIMENSION }, () => random.uniform() - 0.5)
  const [weights, penalties] = [new Float64Array(ARMS).fill(1), new Float64Array(ARMS)]
  const [chosen, expected] = [mine, theirs].map(bandit => {
    const decided = new Int32Array(20)
    bandit.selectBatch('thompson', seeds, 0, features, weights, penalties, decided)
    return decided
  })
  return chosen?.every((arm, k) => arm === expected?.[k]) === true
}

/** What replicas do to one another, across the two implementations. */
function exchange(mine: LinearBandit, theirs: LinearBandit): void {
  const [left, right] = [mine.snapshotArm(3), theirs.snapshotArm(3)]
  for (const bandit of [mine, theirs]) {
    bandit.mergeArm(2, left)
    bandit.restoreArm(1, right)
  }
}

describe.skipIf(rust === null)(`A linear bandit in Rust and in TypeScript${withoutRust}`, () => {
  it(`takes the same ${STEPS} decisions, and holds the same bits at the end`, {
    timeout: 30 * 60_000,
  }, () => {
    const [mine, theirs] = bothOf(create)
    const trace = new Trace()
    let differing = 0
    for (let step = 1; step <= STEPS; step += 1) {
      if (!trace.step(mine, theirs)) differing += 1
      if (step % 1_000 !== 0) continue
      exchange(mine, theirs)
      if (!sameBatch(trace.random, mine, theirs)) differing += 1
    }
    expect(differing).toBe(0)
    for (const [context, twin] of trace.contexts) {
      expect(bits(context as Float64Array)).toEqual(bits(twin as Float64Array))
    }
    for (let arm = 0; arm < ARMS; arm += 1) {
      expect(mine.changes(arm)).toBe(theirs.changes(arm))
      expect(mine.changes(arm)).toBeGreaterThan(1_000)
      expect(bits(mine.snapshotArm(arm))).toEqual(bits(theirs.snapshotArm(arm)))
    }
  })
})
