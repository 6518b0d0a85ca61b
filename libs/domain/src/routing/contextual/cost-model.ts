/**
 * What an answer of each arm will cost, by the prompt: list prices do not know that one model writes longer answers than another,
 * and longer ones to some prompts. The logarithm of the cost is linear in the prompt's features.
 */
import type { LinearBandit, NativeModule } from '@atp/native'

/** Spread of log costs around their expectation, assumed before any was seen. */
const NOISE = 0.5
const BIAS_RIDGE = 1
const RIDGE = 10
const COMMON_RIDGE = 10
/** Errors count half after so many answers: the correction for their spread follows the arm. */
const ERROR_MEMORY = 200
const ERRORS_AT_START = 3

interface ArmCosts {
  /** Mean squared error of the log costs. */
  squaredError: number
  answers: number
  meanUsd: number
}

export class CostModel {
  readonly #costs: LinearBandit
  readonly #arms: ArmCosts[] = []
  #logs = new Float64Array(0)
  #unused = new Float64Array(0)

  constructor(native: Pick<NativeModule, 'createLinearBandit'>, dimension: number, halfLifeMs: number) {
    this.#costs = native.createLinearBandit({
      dimension,
      biasRidge: BIAS_RIDGE,
      ridge: RIDGE,
      commonRidge: COMMON_RIDGE,
      halfLifeMs,
      noise: NOISE,
      exploration: 0,
    })
  }

  /** @param expectedUsd of an answer, before any was paid for */
  addArm(hash: number, expectedUsd: number): void {
    const size = this.#costs.addArm(hash, Math.log(expectedUsd)) + 1
    this.#arms.push({ squaredError: NOISE ** 2, answers: 0, meanUsd: 0 })
    this.#logs = new Float64Array(size)
    this.#unused = new Float64Array(size)
  }

  /** Writes what an answer of each arm is expected to cost, in US dollars: the mean of a log-normal. */
  expect(now: number, x: Float64Array, out: Float64Array): void {
    this.#costs.estimate(now, x, this.#logs, this.#unused)
    for (const [arm, { squaredError }] of this.#arms.entries()) {
      out[arm] = Math.exp((this.#logs[arm] as number) + squaredError / 2)
    }
  }

  /** What an arm's answers have cost on average, US dollars; 0 before the first: whoever cannot afford it must still get to know it. */
  meanUsd(arm: number): number {
    return (this.#arms[arm] as ArmCosts).meanUsd
  }

  /** An answer was paid for. A cost of 0 teaches nothing: its logarithm is no number. */
  learn(arm: number, x: Float64Array, costUsd: number, now: number): void {
    if (!(costUsd > 0)) return
    const costs = this.#arms[arm] as ArmCosts
    const log = Math.log(costUsd)
    this.#costs.estimate(now, x, this.#logs, this.#unused)
    const error = log - (this.#logs[arm] as number)
    costs.answers += 1
    costs.meanUsd += (costUsd - costs.meanUsd) / costs.answers
    // A wild first guess must not price the arm out of reach.
    const squared = Math.min(error ** 2, 4)
    const weight = 1 / Math.min(costs.answers + ERRORS_AT_START, ERROR_MEMORY)
    costs.squaredError += weight * (squared - costs.squaredError)
    this.#costs.update(arm, x, log, 1, now)
  }
}
