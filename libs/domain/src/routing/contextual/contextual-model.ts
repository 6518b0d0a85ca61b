/** What is learned of each arm by what prompts look like: the quality of its answers, and what they come to in tokens or dollars. */
import type { LinearBandit, NativeModule } from '@atp/native'
import { type AmountMemory, AmountModel } from './amount-model.ts'
import { checkedFigures } from './regression-figures.ts'

/** What is expected of an arm that nobody tried: the best, so that it is tried. */
const OPTIMISM = 1
const BIAS_RIDGE = 3
const RIDGE = 60
const COMMON_RIDGE = 10
/** Spread of rewards before any was seen. */
const NOISE = 0.25
/** Of the deviation of Thompson sampling as published: rewards of good models differ by little, and each try costs. */
export const EXPLORATION = 0.3

/** A fall by two deviations is noticed after some six answers; noise is hardly ever taken for one. */
const CHANGE_THRESHOLD = 8

/** Where a snapshot of an arm has the length of its feature vectors. */
const DIMENSION = 1

/** One arm's part, as plain JSON. */
export interface ContextualMemory {
  readonly quality: readonly number[]
  readonly amount: AmountMemory
  /** How often the arm was found changed: evidence of before counts little. Not in memories of before that was counted. */
  readonly changes?: Changes
}

interface Changes {
  readonly quality: number
  readonly amount: number
}

export class ContextualModel {
  readonly qualities: LinearBandit
  readonly amounts: AmountModel
  readonly dimension: number
  /** Changes that each arm's figures had taken into account when it was restored, less those that were noticed here before. */
  readonly #changesElsewhere: Changes[] = []
  readonly #judged: boolean[] = []

  /**
   * @param dimension length of a feature vector, of which the first is 1
   * @param halfLifeMs milliseconds after which an observation counts half; Infinity never forgets
   */
  constructor(native: Pick<NativeModule, 'createLinearBandit'>, dimension: number, halfLifeMs: number) {
    this.qualities = native.createLinearBandit({
      dimension,
      biasRidge: BIAS_RIDGE,
      ridge: RIDGE,
      commonRidge: COMMON_RIDGE,
      halfLifeMs,
      noise: NOISE,
      exploration: EXPLORATION,
      changeThreshold: CHANGE_THRESHOLD,
    })
    this.amounts = new AmountModel(native, dimension, halfLifeMs)
    this.dimension = dimension
  }

  /**
   * @param hash names the arm wherever it is drawn
   * @param expectedAmount of an answer, before any was seen
   * @returns the arm's index
   */
  addArm(hash: number, expectedAmount: number): number {
    this.amounts.addArm(hash, expectedAmount)
    this.#changesElsewhere.push({ quality: 0, amount: 0 })
    return this.qualities.addArm(hash, OPTIMISM)
  }

  /** A judgement of an answer. @param quality in [0, 1] @param context written too, where it was given in one */
  judge(arm: number, x: Float64Array, quality: number, now: number, context?: Float64Array): void {
    this.#judged[arm] = true
    this.qualities.update(arm, x, quality, 1, now, context)
  }

  /** Null where nothing was learned of the arm: most deployments use one kind of strategy. */
  snapshotArm(arm: number): ContextualMemory | null {
    if (this.#judged[arm] !== true && this.amounts.isBlank(arm)) return null
    const quality = Array.from(this.qualities.snapshotArm(arm))
    const amount = this.amounts.snapshotArm(arm)
    return { quality, amount, changes: this.#add(this.#changesElsewhere[arm] as Changes, arm, 1) }
  }

  /** Whether it was learned with features of the same number: with others or none it cannot be restored. */
  knows({ quality, amount }: ContextualMemory): boolean {
    return quality[DIMENSION] === this.dimension && amount.regression[DIMENSION] === this.dimension
  }

  /** @returns false where a part was not legal: that part starts anew */
  restoreArm(arm: number, { quality, amount, changes }: ContextualMemory): boolean {
    this.#judged[arm] = true
    const learned = this.qualities.restoreArm(arm, checkedFigures(quality, 1))
    this.#changesElsewhere[arm] = this.#add(changes ?? { quality: 0, amount: 0 }, arm, -1)
    return this.amounts.restoreArm(arm, amount) && learned
  }

  #add({ quality, amount }: Changes, arm: number, sign: 1 | -1): Changes {
    return {
      quality: quality + sign * this.qualities.changes(arm),
      amount: amount + sign * this.amounts.changes(arm),
    }
  }
}
