/**
 * Chooses an arm by what the prompt looks like, under a budget: quality and cost are learned apart, each by ridge regression on
 * the prompt's features, and blended by the price that the pacer puts on money. For whoever routes without the gateway.
 */
import type { NativeModule, StrategyName } from '@atp/native'
import { BudgetPacer } from '../pacing/budget-pacer.ts'
import { ContextualModel } from './contextual-model.ts'

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

export class ContextualPolicy {
  readonly #model: ContextualModel
  readonly #pacer: BudgetPacer | null
  #means = new Float64Array(0)
  #deviations = new Float64Array(0)
  #expected = new Float64Array(0)
  #weights = new Float64Array(0)
  #penalties = new Float64Array(0)
  #drawn = new Float64Array(0)

  constructor({ native, dimension, halfLifeMs, budgetUsd }: ContextualPolicyOptions) {
    this.#model = new ContextualModel(native, dimension, halfLifeMs)
    this.#pacer = budgetUsd === null ? null : new BudgetPacer(budgetUsd)
  }

  /** @returns the arm's index */
  addArm({ hash, expectedUsd }: ContextualArm): number {
    const arm = this.#model.addArm(hash, expectedUsd)
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
   * @param x the prompt's features
   * @param seedHi with `seedLo`: two 32-bit words that name the decision
   */
  choose(
    strategy: StrategyName,
    x: Float64Array,
    seedHi: number,
    seedLo: number,
    now: number,
  ): ContextualChoice {
    const { qualities, amounts } = this.#model
    amounts.expect(now, x, this.#expected)
    if (this.#pacer !== null) this.#pace(this.#pacer, x, now)
    const arm = qualities.select(
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
    this.#model.amounts.learn(arm, x, costUsd, now)
  }

  /** An answer was judged, perhaps much later. @param quality in [0, 1] */
  judged(arm: number, x: Float64Array, quality: number, now: number): void {
    this.#model.judge(arm, x, quality, now)
  }

  #pace(pacer: BudgetPacer, x: Float64Array, now: number): void {
    const { qualities, amounts } = this.#model
    const expected = this.#expected
    qualities.estimate(now, x, this.#means, this.#deviations)
    pacer.arrive(Array.from(this.#means, (utility, arm) => ({ utility, costUsd: expected[arm] as number })))
    const borne = pacer.bears(
      Array.from(expected, (costUsd, arm) => ({ costUsd, meanUsd: amounts.mean(arm) })),
    )
    for (const [arm, cost] of expected.entries()) {
      this.#penalties[arm] = borne[arm] === true ? pacer.price * cost : Number.POSITIVE_INFINITY
    }
  }
}
