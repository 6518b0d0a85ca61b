/**
 * Chooses an arm by what the prompt looks like, under a budget: quality and cost are learned apart, each by ridge regression on
 * the prompt's features, and blended by the price that the pacer puts on money.
 */
import type { LinearBandit, NativeModule, StrategyName } from '@atp/native'
import { type ArmForecast, BudgetPacer } from './budget-pacer.ts'
import { CostModel } from './cost-model.ts'

export interface ContextualPolicyOptions {
  readonly native: Pick<NativeModule, 'createLinearBandit'>
  /** Length of a feature vector, of which the first is 1. */
  readonly dimension: number
  /** Milliseconds after which an observation counts half; Infinity never forgets. */
  readonly halfLifeMs: number
  /** Mean US dollars a request; null keeps no budget. */
  readonly budgetUsd: number | null
}

export interface ContextualArm {
  /** Names the arm wherever it is drawn. */
  readonly hash: number
  /** Of an answer, before any was paid for, US dollars. */
  readonly expectedUsd: number
}

export interface ContextualChoice {
  readonly arm: number
  /** What an answer of it is expected to cost, US dollars. */
  readonly expectedUsd: number
}

/** What is expected of an arm that nobody tried: the best, so that it is tried. */
const OPTIMISM = 1
const BIAS_RIDGE = 3
const RIDGE = 60
const COMMON_RIDGE = 10
/** Spread of rewards before any was seen. */
const NOISE = 0.25
/** Of the deviation of Thompson sampling as published: rewards of good models differ by little, and each try costs. */
const EXPLORATION = 0.3

export class ContextualPolicy {
  readonly #qualities: LinearBandit
  readonly #costs: CostModel
  readonly #pacer: BudgetPacer<Float64Array> | null
  #now = 0
  #means = new Float64Array(0)
  #deviations = new Float64Array(0)
  #expected = new Float64Array(0)
  #weights = new Float64Array(0)
  #penalties = new Float64Array(0)
  #drawn = new Float64Array(0)

  constructor(options: ContextualPolicyOptions) {
    const { native, dimension, halfLifeMs, budgetUsd } = options
    this.#qualities = native.createLinearBandit({
      dimension,
      biasRidge: BIAS_RIDGE,
      ridge: RIDGE,
      commonRidge: COMMON_RIDGE,
      halfLifeMs,
      noise: NOISE,
      exploration: EXPLORATION,
    })
    this.#costs = new CostModel(native, dimension, halfLifeMs)
    this.#pacer = budgetUsd === null ? null : new BudgetPacer(budgetUsd, x => this.#forecast(x))
  }

  /** @returns the arm's index */
  addArm({ hash, expectedUsd }: ContextualArm): number {
    const arm = this.#qualities.addArm(hash, OPTIMISM)
    this.#costs.addArm(hash, expectedUsd)
    const size = arm + 1
    this.#means = new Float64Array(size)
    this.#deviations = new Float64Array(size)
    this.#expected = new Float64Array(size)
    this.#weights = new Float64Array(size).fill(1)
    this.#penalties = new Float64Array(size)
    this.#drawn = new Float64Array(size)
    return arm
  }

  /**
   * @param x the prompt's features; kept, so not to be written again
   * @param seedHi with `seedLo`: two 32-bit words that name the decision
   */
  choose(
    strategy: StrategyName,
    x: Float64Array,
    seedHi: number,
    seedLo: number,
    now: number,
  ): ContextualChoice {
    this.#now = now
    this.#pacer?.arrive(x)
    this.#costs.expect(now, x, this.#expected)
    const cheapest = this.#expected.indexOf(Math.min(...this.#expected))
    const price = this.#pacer?.price ?? 0
    for (const [arm, cost] of this.#expected.entries()) {
      const affordable = this.#pacer?.affords(cost, this.#costs.meanUsd(arm)) ?? true
      this.#penalties[arm] = affordable || arm === cheapest ? price * cost : Number.POSITIVE_INFINITY
    }
    const arm = this.#qualities.select(
      strategy,
      seedHi,
      seedLo,
      now,
      x,
      this.#weights,
      this.#penalties,
      this.#drawn,
    )
    return { arm, expectedUsd: this.#expected[arm] as number }
  }

  /** An answer was paid for. */
  spent(arm: number, x: Float64Array, costUsd: number, now: number): void {
    this.#pacer?.spend(costUsd)
    this.#costs.learn(arm, x, costUsd, now)
  }

  /** An answer was judged, perhaps much later. @param quality in [0, 1] */
  judged(arm: number, x: Float64Array, quality: number, now: number): void {
    this.#qualities.update(arm, x, quality, 1, now)
  }

  #forecast(x: Float64Array): readonly ArmForecast[] {
    this.#qualities.estimate(this.#now, x, this.#means, this.#deviations)
    this.#costs.expect(this.#now, x, this.#expected)
    return Array.from(this.#means, (quality, arm) => ({ quality, cost: this.#expected[arm] as number }))
  }
}
