/** The bandit in TypeScript: statistics of each arm, and the choice among them. The Rust twin is `atp_math::bandit`. */
import { checkFloats, checkIntegers, checkNumber, checkWords } from '../argument-types.ts'
import { type Bandit, type BanditOptions, type StrategyName, WINDOW_MS } from '../types.ts'
import { ArmStatistics } from './arm-statistics.ts'
import {
  mergeSnapshot,
  restoreArmSnapshot,
  restoreSnapshot,
  writeArmSnapshot,
  writeSnapshot,
} from './arms-snapshot.ts'
import { beta } from './beta.ts'
import { checkFinite, checkHalfLife, checkLength, checkWord } from './checks.ts'
import { bestArm, checkApart, checkStrategy, checkWeighing } from './choice.ts'
import { addToContext, COUNTED, checkContext, NO_CONTEXT, poolPosterior } from './context.ts'
import { ln } from './elementary.ts'
import { upperBound } from './kl-ucb.ts'
import { RandomStream } from './random-stream.ts'

const PRIOR_MIN = 1e-6
const PRIOR_MAX = 1e9
/** Of the sliding window's bound: its regret is bounded for any above 1/2. */
const XI = 0.6

export class TypeScriptBandit implements Bandit {
  readonly #halfLifeMs: number
  readonly #windowMs: number
  readonly #exploration: number
  readonly #arms: ArmStatistics[] = []
  readonly #stream = new RandomStream()
  /** [alpha, beta] of each arm at the time of the present call, as its strategy takes them. */
  #posteriors = new Float64Array(0)

  constructor(options: BanditOptions) {
    const { halfLifeMs, windowMs = WINDOW_MS, ucbExploration = 1 } = options
    checkHalfLife('halfLifeMs', halfLifeMs)
    checkFinite('windowMs', windowMs, 1)
    checkFinite('ucbExploration', ucbExploration, 0)
    this.#halfLifeMs = halfLifeMs
    this.#windowMs = windowMs
    this.#exploration = ucbExploration
  }

  get size(): number {
    return this.#arms.length
  }

  addArm(hash: number, alpha: number, beta: number): number {
    checkWord('hash', hash)
    checkFinite('alpha', alpha, PRIOR_MIN, PRIOR_MAX)
    checkFinite('beta', beta, PRIOR_MIN, PRIOR_MAX)
    this.#arms.push(new ArmStatistics(hash, alpha, beta, this.#windowMs))
    this.#posteriors = new Float64Array(2 * this.#arms.length)
    return this.#arms.length - 1
  }

  select(
    strategy: StrategyName,
    seedHi: number,
    seedLo: number,
    now: number,
    weights: Float64Array,
    penalties: Float64Array,
    qualities: Float64Array,
    context = NO_CONTEXT,
  ): number {
    checkStrategy(strategy)
    checkWord('seedHi', seedHi)
    checkWord('seedLo', seedLo)
    checkWeighing(now, weights, penalties, this.size)
    checkFloats('qualities', qualities)
    checkLength('qualities', qualities.length, this.size)
    checkApart('qualities', qualities, 'weights', weights)
    checkApart('qualities', qualities, 'penalties', penalties)
    checkContext(context, this.size, COUNTED)
    checkApart('qualities', qualities, 'context', context)
    this.#refreshPosteriors(strategy, now, context)
    const explored = this.#explored(strategy)
    return this.#choose(strategy, explored, seedHi, seedLo, weights, penalties, qualities)
  }

  selectBatch(
    strategy: StrategyName,
    seeds: Uint32Array,
    now: number,
    weights: Float64Array,
    penalties: Float64Array,
    chosen: Int32Array,
  ): void {
    checkStrategy(strategy)
    checkWeighing(now, weights, penalties, this.size)
    checkWords('seeds', seeds)
    checkIntegers('chosen', chosen)
    checkLength('seeds', seeds.length, 2 * chosen.length)
    checkApart('chosen', chosen, 'weights', weights)
    checkApart('chosen', chosen, 'penalties', penalties)
    checkApart('chosen', chosen, 'seeds', seeds)
    this.#refreshPosteriors(strategy, now, NO_CONTEXT)
    const explored = this.#explored(strategy)
    const qualities = new Float64Array(this.size)
    for (let k = 0; k < chosen.length; k += 1) {
      const seedHi = seeds[2 * k] as number
      const seedLo = seeds[2 * k + 1] as number
      chosen[k] = this.#choose(strategy, explored, seedHi, seedLo, weights, penalties, qualities)
    }
  }

  update(arm: number, reward: number, now: number, context = NO_CONTEXT): void {
    this.#checkObservation(arm, reward, now)
    checkContext(context, this.size, COUNTED)
    this.#learn(arm, reward, now)
    addToContext(context, arm, reward, 1 - reward, now, this.#halfLifeMs)
  }

  updateBatch(arms: Uint32Array, rewards: Float64Array, times: Float64Array): void {
    checkWords('arms', arms)
    checkFloats('rewards', rewards)
    checkFloats('times', times)
    checkLength('rewards', rewards.length, arms.length)
    checkLength('times', times.length, arms.length)
    for (let k = 0; k < arms.length; k += 1) {
      this.#checkObservation(arms[k] as number, rewards[k] as number, times[k] as number)
    }
    for (let k = 0; k < arms.length; k += 1) {
      this.#learn(arms[k] as number, rewards[k] as number, times[k] as number)
    }
  }

  posteriors(now: number, out: Float64Array, context = NO_CONTEXT): void {
    checkFinite('now', now, 0)
    checkFloats('out', out)
    checkLength('out', out.length, 2 * this.size)
    checkContext(context, this.size, COUNTED)
    checkApart('out', out, 'context', context)
    this.#writePosteriors(now, out, context)
  }

  snapshot(): Float64Array {
    return writeSnapshot(this.#arms)
  }

  restore(snapshot: Float64Array): number {
    checkFloats('snapshot', snapshot)
    return restoreSnapshot(this.#arms, snapshot)
  }

  merge(snapshot: Float64Array): void {
    checkFloats('snapshot', snapshot)
    mergeSnapshot(this.#arms, snapshot, this.#halfLifeMs)
  }

  snapshotArm(arm: number): Float64Array {
    return writeArmSnapshot(this.#arm(arm))
  }

  restoreArm(arm: number, snapshot: Float64Array): boolean {
    checkFloats('snapshot', snapshot)
    return restoreArmSnapshot(this.#arm(arm), snapshot)
  }

  #choose(
    strategy: StrategyName,
    explored: number,
    seedHi: number,
    seedLo: number,
    weights: Float64Array,
    penalties: Float64Array,
    qualities: Float64Array,
  ): number {
    for (let i = 0; i < penalties.length; i += 1) {
      const eligible = penalties[i] !== Number.POSITIVE_INFINITY
      qualities[i] = eligible ? this.#index(strategy, explored, seedHi, seedLo, i) : Number.NaN
    }
    return bestArm(weights, penalties, qualities, this.#arms)
  }

  #index(strategy: StrategyName, explored: number, seedHi: number, seedLo: number, i: number): number {
    const a = this.#posteriors[2 * i] as number
    const b = this.#posteriors[2 * i + 1] as number
    if (strategy === 'thompson') {
      this.#stream.begin(seedHi, seedLo, (this.#arms[i] as ArmStatistics).hash)
      return beta(this.#stream, a, b)
    }
    const mean = a / (a + b)
    if (strategy === 'klucb') return upperBound(mean, a + b, explored)
    return strategy === 'greedy' ? mean : mean + this.#exploration * Math.sqrt(explored / (a + b))
  }

  /**
   * The numerator of an exploration term: UCB's is 2 ln(plays), KL-UCB's ln(plays), with c = 0 as its paper recommends, the sliding
   * window's xi ln(plays), over the plays within it. A prior counts as alpha + beta plays, so that with a weak prior and no
   * forgetting this is UCB1 (Auer et al. 2002); with forgetting it is discounted UCB (Garivier & Moulines 2011) at xi = 1/2. The
   * present play counts too: ln stays positive where everything was forgotten. An arm that the window holds nothing of has the
   * bound of its prior, where that paper has none: the weaker the prior, the sooner it is tried.
   */
  #explored(strategy: StrategyName): number {
    if (strategy === 'thompson' || strategy === 'greedy') return 0
    let plays = 1
    for (const x of this.#posteriors) plays += x
    const scale = strategy === 'ucb' ? 2 : strategy === 'klucb' ? 1 : XI
    return scale * ln(plays)
  }

  #refreshPosteriors(strategy: StrategyName, now: number, context: Float64Array): void {
    if (strategy !== 'swucb') {
      this.#writePosteriors(now, this.#posteriors, context)
      return
    }
    for (let i = 0; i < this.#arms.length; i += 1) {
      const { priorAlpha, priorBeta, window } = this.#arms[i] as ArmStatistics
      window.sumAt(now)
      this.#posteriors[2 * i] = priorAlpha + window.successes
      this.#posteriors[2 * i + 1] = priorBeta + window.failures
      if (context.length === 0) continue
      poolPosterior(this.#posteriors, i, priorAlpha, priorBeta, context, now, this.#halfLifeMs)
    }
  }

  /** Discounted Thompson sampling (Raj & Kalyani 2017): evidence decays, and the prior is a floor that doesn't. */
  #writePosteriors(now: number, out: Float64Array, context: Float64Array): void {
    for (let i = 0; i < this.#arms.length; i += 1) {
      const arm = this.#arms[i] as ArmStatistics
      const weight = arm.weightAt(now, this.#halfLifeMs)
      out[2 * i] = arm.priorAlpha + arm.successes * weight
      out[2 * i + 1] = arm.priorBeta + arm.failures * weight
      if (context.length === 0) continue
      poolPosterior(out, i, arm.priorAlpha, arm.priorBeta, context, now, this.#halfLifeMs)
    }
  }

  #learn(arm: number, reward: number, now: number): void {
    this.#arm(arm).add(reward, 1 - reward, now, this.#halfLifeMs)
  }

  #arm(arm: number): ArmStatistics {
    checkNumber('arm', arm)
    const statistics = this.#arms[arm]
    if (statistics !== undefined) return statistics
    throw new RangeError(`arm must be an index below ${this.size}, found ${arm}`)
  }

  #checkObservation(arm: number, reward: number, now: number): void {
    this.#arm(arm)
    checkFinite('reward', reward, 0, 1)
    checkFinite('now', now, 0)
  }
}
