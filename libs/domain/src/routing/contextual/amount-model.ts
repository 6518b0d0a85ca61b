/**
 * What an answer of each arm comes to, in tokens or in dollars, by the prompt: one model writes longer answers than another, and
 * longer ones to some prompts. The logarithm of the amount is linear in the prompt's features.
 */
import type { LinearBandit, NativeModule } from '@atp/native'
import { checkedFigures } from './regression-figures.ts'

/** Spread of log amounts around their expectation, assumed before any was seen. */
const NOISE = 0.5
const BIAS_RIDGE = 1
const RIDGE = 10
const COMMON_RIDGE = 10
/** A price that changes is noticed after a handful of answers. */
const CHANGE_THRESHOLD = 8
/** Errors count half after so many answers: the correction for their spread follows the arm. */
const ERROR_MEMORY = 200
const ERRORS_AT_START = 3
/** A wild first guess must not put the arm out of reach. */
const MOST_SQUARED_ERROR = 4

/** No amount is so many times another. */
const MOST_LOG = Math.log(1e18)

/** One arm's part, as plain JSON. */
export interface AmountMemory {
  readonly regression: readonly number[]
  readonly squaredError: number
  readonly answers: number
  readonly mean: number
}

interface ArmAmounts {
  /** Mean squared error of the log amounts. */
  squaredError: number
  answers: number
  mean: number
}

export class AmountModel {
  readonly #logs: LinearBandit
  readonly #arms: ArmAmounts[] = []
  #means = new Float64Array(0)
  #unused = new Float64Array(0)

  constructor(native: Pick<NativeModule, 'createLinearBandit'>, dimension: number, halfLifeMs: number) {
    this.#logs = native.createLinearBandit({
      dimension,
      biasRidge: BIAS_RIDGE,
      ridge: RIDGE,
      commonRidge: COMMON_RIDGE,
      halfLifeMs,
      noise: NOISE,
      exploration: 0,
      changeThreshold: CHANGE_THRESHOLD,
    })
  }

  /** @param expected amount of an answer before any was seen, above 0 */
  addArm(hash: number, expected: number): void {
    const size = this.#logs.addArm(hash, Math.log(expected)) + 1
    this.#arms.push({ ...UNSEEN })
    this.#means = new Float64Array(size)
    this.#unused = new Float64Array(size)
  }

  /** Writes what an answer of each arm is expected to come to: the mean of a log-normal. */
  expect(now: number, x: Float64Array, out: Float64Array): void {
    this.#logs.estimate(now, x, this.#means, this.#unused)
    for (const [arm, { squaredError }] of this.#arms.entries()) {
      out[arm] = Math.exp((this.#means[arm] as number) + squaredError / 2)
    }
  }

  /** Mean of an arm's amounts; 0 before the first: whoever cannot afford it must still get to know it. */
  mean(arm: number): number {
    return this.#arm(arm).mean
  }

  /** An answer came. An amount of 0 teaches nothing: its logarithm is no number. */
  learn(arm: number, x: Float64Array, amount: number, now: number): void {
    if (!(amount > 0)) return
    const amounts = this.#arm(arm)
    const log = Math.log(amount)
    this.#logs.estimate(now, x, this.#means, this.#unused)
    const error = log - (this.#means[arm] as number)
    amounts.answers += 1
    amounts.mean += (amount - amounts.mean) / amounts.answers
    const weight = 1 / Math.min(amounts.answers + ERRORS_AT_START, ERROR_MEMORY)
    amounts.squaredError += weight * (Math.min(error ** 2, MOST_SQUARED_ERROR) - amounts.squaredError)
    this.#logs.update(arm, x, log, 1, now)
  }

  isBlank(arm: number): boolean {
    return this.#arm(arm).answers === 0
  }

  /** How often the arm was found changed, since this model was made. */
  changes(arm: number): number {
    return this.#logs.changes(arm)
  }

  snapshotArm(arm: number): AmountMemory {
    return { regression: Array.from(this.#logs.snapshotArm(arm)), ...this.#arm(arm) }
  }

  /** Illegal figures reset the arm. @returns whether they were legal */
  restoreArm(arm: number, { regression, squaredError, answers, mean }: AmountMemory): boolean {
    const legal = squaredError >= 0 && squaredError <= MOST_SQUARED_ERROR && answers >= 0 && mean >= 0
    if (this.#logs.restoreArm(arm, checkedFigures(regression, MOST_LOG)) && legal) {
      Object.assign(this.#arm(arm), { squaredError, answers, mean })
      return true
    }
    Object.assign(this.#arm(arm), UNSEEN)
    return false
  }

  #arm(arm: number): ArmAmounts {
    return this.#arms[arm] as ArmAmounts
  }
}

/** Of an arm before its first answer. */
export const UNSEEN: Readonly<ArmAmounts> = { squaredError: NOISE ** 2, answers: 0, mean: 0 }
