/** A contextual bandit: each arm's quality is linear in a request's features. The Rust twin is `atp_math::linear_bandit`. */
import { checkFloats, checkIntegers, checkNumber, checkWords } from '../argument-types.ts'
import type { LinearBandit, LinearBanditOptions, StrategyName } from '../types.ts'
import { checkFinite, checkLength, checkWord } from './checks.ts'
import { bestArm, checkApart, checkStrategy, checkWeighing } from './choice.ts'
import { CommonPrior } from './common-prior.ts'
import { addToContext, checkContext, NO_CONTEXT, offsetOf, offsetVariance, SIGNED } from './context.ts'
import { areLegal, figureCount, LinearArm, type Regression, Workspace } from './linear-arm.ts'
import {
  checkFeatures,
  checkKnowsFeatures,
  checkOptions,
  checkPrior,
  checkSnapshot,
  checkTarget,
  HEADER,
  RIDGE_MAX,
  RIDGE_MIN,
  VERSION,
} from './linear-checks.ts'
import { normal } from './normal.ts'
import { RandomStream } from './random-stream.ts'

/** Observations that the spread of targets is believed for before any was observed. */
const NOISE_STRENGTH = 5
/** Observations between two times that what arms have in common is learned. */
const SETTLE_EVERY = 32
/** The ridge follows the spread of targets when it is off by this factor. */
const RIDGE_SLACK = 1.25

export class TypeScriptLinearBandit implements LinearBandit {
  readonly #options: LinearBanditOptions
  readonly #regression: Regression
  readonly #arms: LinearArm[] = []
  readonly #common: CommonPrior
  #sinceSettled = 0
  /** Whether statistics were replaced since the arms were settled: once for all of them, before the next use. */
  #replaced = false
  readonly #workspace: Workspace
  readonly #stream = new RandomStream()

  constructor(options: LinearBanditOptions) {
    checkOptions(options)
    const { dimension, biasRidge, ridge, halfLifeMs } = options
    this.#options = { ...options }
    this.#regression = { dimension, biasRidge, ridge, halfLifeMs, common: new Float64Array(dimension) }
    this.#common = new CommonPrior(dimension)
    this.#workspace = new Workspace(dimension)
  }

  get size(): number {
    return this.#arms.length
  }

  addArm(hash: number, prior: number): number {
    checkWord('hash', hash)
    checkPrior(prior)
    this.#arms.push(new LinearArm(this.#regression, this.#workspace, hash, prior))
    return this.#arms.length - 1
  }

  select(
    strategy: StrategyName,
    seedHi: number,
    seedLo: number,
    now: number,
    x: Float64Array,
    weights: Float64Array,
    penalties: Float64Array,
    qualities: Float64Array,
    context = NO_CONTEXT,
  ): number {
    checkStrategy(strategy)
    checkKnowsFeatures(strategy)
    checkWord('seedHi', seedHi)
    checkWord('seedLo', seedLo)
    checkWeighing(now, weights, penalties, this.size)
    checkFeatures('x', x, this.#regression.dimension)
    checkFloats('qualities', qualities)
    checkLength('qualities', qualities.length, this.size)
    checkApart('qualities', qualities, 'weights', weights)
    checkApart('qualities', qualities, 'penalties', penalties)
    checkApart('qualities', qualities, 'x', x)
    checkContext(context, this.size, SIGNED)
    checkApart('qualities', qualities, 'context', context)
    this.#advance(now)
    const radius = this.#options.exploration * this.#spread()
    return this.#choose(context, now, strategy, radius, seedHi, seedLo, x, weights, penalties, qualities)
  }

  selectBatch(
    strategy: StrategyName,
    seeds: Uint32Array,
    now: number,
    features: Float64Array,
    weights: Float64Array,
    penalties: Float64Array,
    chosen: Int32Array,
  ): void {
    checkStrategy(strategy)
    checkKnowsFeatures(strategy)
    checkWeighing(now, weights, penalties, this.size)
    checkWords('seeds', seeds)
    checkIntegers('chosen', chosen)
    const { dimension } = this.#regression
    checkFeatures('features', features, dimension * chosen.length)
    checkLength('seeds', seeds.length, 2 * chosen.length)
    checkApart('chosen', chosen, 'seeds', seeds)
    checkApart('chosen', chosen, 'features', features)
    checkApart('chosen', chosen, 'weights', weights)
    checkApart('chosen', chosen, 'penalties', penalties)
    this.#advance(now)
    const radius = this.#options.exploration * this.#spread()
    const qualities = new Float64Array(this.size)
    for (let k = 0; k < chosen.length; k += 1) {
      const [hi, lo] = [seeds[2 * k] as number, seeds[2 * k + 1] as number]
      const x = features.subarray(dimension * k, dimension * (k + 1))
      chosen[k] = this.#choose(NO_CONTEXT, now, strategy, radius, hi, lo, x, weights, penalties, qualities)
    }
  }

  estimate(
    now: number,
    x: Float64Array,
    means: Float64Array,
    deviations: Float64Array,
    context = NO_CONTEXT,
  ): void {
    checkFinite('now', now, 0)
    checkFeatures('x', x, this.#regression.dimension)
    checkFloats('means', means)
    checkFloats('deviations', deviations)
    checkLength('means', means.length, this.size)
    checkLength('deviations', deviations.length, this.size)
    checkApart('means', means, 'x', x)
    checkApart('deviations', deviations, 'x', x)
    checkApart('deviations', deviations, 'means', means)
    checkContext(context, this.size, SIGNED)
    checkApart('means', means, 'context', context)
    checkApart('deviations', deviations, 'context', context)
    this.#advance(now)
    const { halfLifeMs } = this.#options
    const spread = this.#spread()
    for (let index = 0; index < this.#arms.length; index += 1) {
      const arm = this.#arms[index] as LinearArm
      means[index] = arm.mean(x) + offsetOf(context, index, now, halfLifeMs)
      const unsure = offsetVariance(context, index, now, halfLifeMs)
      deviations[index] = spread * Math.sqrt(arm.variance(x) + unsure)
    }
  }

  update(
    arm: number,
    x: Float64Array,
    target: number,
    weight: number,
    now: number,
    context = NO_CONTEXT,
  ): void {
    const learner = this.#arm(arm)
    checkFeatures('x', x, this.#regression.dimension)
    checkTarget(target, weight)
    checkFinite('now', now, 0)
    checkContext(context, this.size, SIGNED)
    if (context === x) throw new RangeError('context must not share memory with x')
    this.#advance(now)
    const { changeThreshold, halfLifeMs } = this.#options
    if (learner.forgetIfChanged(x, target, this.#spread(), changeThreshold)) this.#settleExactly()
    addToContext(context, arm, weight, weight * (target - learner.mean(x)), now, halfLifeMs)
    learner.add(x, target, weight, now)
    this.#sinceSettled += 1
    if (this.#followSpread(RIDGE_SLACK) || this.#sinceSettled >= SETTLE_EVERY) this.#settle()
  }

  changes(arm: number): number {
    return this.#arm(arm).changes
  }

  snapshotArm(arm: number): Float64Array {
    const { dimension } = this.#regression
    const learner = this.#arm(arm)
    const snapshot = new Float64Array(HEADER + figureCount(dimension))
    snapshot[0] = VERSION
    snapshot[1] = dimension
    learner.write(snapshot, HEADER)
    return snapshot
  }

  restoreArm(arm: number, snapshot: Float64Array): boolean {
    const learner = this.#arm(arm)
    checkSnapshot(snapshot, this.#regression.dimension)
    const legal = learner.read(snapshot.subarray(HEADER))
    this.#replaced = true
    return legal
  }

  mergeArm(arm: number, snapshot: Float64Array): void {
    const learner = this.#arm(arm)
    checkSnapshot(snapshot, this.#regression.dimension)
    const figures = snapshot.subarray(HEADER)
    if (!areLegal(figures, this.#regression.dimension)) {
      throw new RangeError(`snapshot has illegal figures for arm ${arm}: nothing is merged`)
    }
    learner.merge(figures)
    this.#replaced = true
  }

  #choose(
    context: Float64Array,
    now: number,
    strategy: StrategyName,
    radius: number,
    seedHi: number,
    seedLo: number,
    x: Float64Array,
    weights: Float64Array,
    penalties: Float64Array,
    qualities: Float64Array,
  ): number {
    const { halfLifeMs } = this.#options
    for (let index = 0; index < this.#arms.length; index += 1) {
      if (penalties[index] === Number.POSITIVE_INFINITY) {
        qualities[index] = Number.NaN
        continue
      }
      const arm = this.#arms[index] as LinearArm
      const mean = arm.mean(x) + offsetOf(context, index, now, halfLifeMs)
      if (strategy === 'greedy') {
        qualities[index] = mean
        continue
      }
      const deviation = Math.sqrt(arm.variance(x) + offsetVariance(context, index, now, halfLifeMs))
      if (strategy === 'ucb') qualities[index] = mean + radius * deviation
      else {
        this.#stream.begin(seedHi, seedLo, arm.hash)
        const draw = normal(this.#stream)
        qualities[index] = mean + radius * deviation * draw
      }
    }
    return bestArm(weights, penalties, qualities, this.#arms)
  }

  #advance(now: number): void {
    let moved = this.#replaced
    for (const arm of this.#arms) moved = arm.advance(now) || moved
    if (moved) this.#settleExactly()
  }

  /**
   * A prior says how far coefficients lie from where they are expected: the noisier the targets, the more of them it counts
   * for. Within `slack` it stays. @returns whether the ridge changed
   */
  #followSpread(slack: number): boolean {
    const regression = this.#regression
    const noise = this.#spread() / this.#options.noise
    const ridge = Math.min(Math.max(this.#options.ridge * noise * noise, RIDGE_MIN), RIDGE_MAX)
    if (ridge <= slack * regression.ridge && slack * ridge >= regression.ridge) return false
    regression.ridge = ridge
    for (const arm of this.#arms) arm.rebuild()
    return true
  }

  /** So that the same statistics mean the same, however they came about. */
  #settleExactly(): void {
    this.#replaced = false
    this.#followSpread(1)
    this.#settle()
  }

  /** Learns what the arms have in common, and expects it of each. */
  #settle(): void {
    this.#sinceSettled = 0
    const ridge = (this.#options.commonRidge * this.#regression.ridge) / this.#options.ridge
    this.#common.learn(this.#arms, ridge, this.#regression)
    for (const arm of this.#arms) arm.solve()
  }

  /** The spread of single targets around their expectation, pooled over the arms. */
  #spread(): number {
    let weight = NOISE_STRENGTH
    let squares = NOISE_STRENGTH * this.#options.noise * this.#options.noise
    for (const arm of this.#arms) {
      weight += arm.weight
      squares += arm.squares
    }
    return Math.sqrt(squares / weight)
  }

  #arm(arm: number): LinearArm {
    checkNumber('arm', arm)
    const learner = this.#arms[arm]
    if (learner !== undefined) return learner
    throw new RangeError(`arm must be an index below ${this.size}, found ${arm}`)
  }
}
