/**
 * What arms have in common, learned from all of them: a hierarchical prior (Lindley & Smith 1972). The Rust twin is
 * `atp_math::common_prior`.
 *
 * An arm's coefficients are those that all arms share and its own deviation from them. With an arm's precision A = S + R and
 * moment b, and its deviation integrated out, it tells of the shared ones with the precision R - R A^-1 R and the moment
 * R A^-1 b: both come from statistics that are additive, so replicas that merge agree. The bias is not shared: an arm that
 * nobody tried is expected at its own prior, so that it is tried.
 */
import { invert } from './cholesky.ts'
import { multiply } from './lanes.ts'
import type { LinearArm, Regression } from './linear-arm.ts'

export class CommonPrior {
  readonly #precision: Float64Array
  readonly #lower: Float64Array
  readonly #moment: Float64Array
  readonly #own: Float64Array

  constructor(dimension: number) {
    this.#precision = new Float64Array(dimension * dimension)
    this.#lower = new Float64Array(dimension * dimension)
    this.#moment = new Float64Array(dimension)
    this.#own = new Float64Array(dimension)
  }

  /** Writes the shared coefficients into `regression.common`; `ridge` is what their own prior, 0, counts for. */
  learn(arms: readonly LinearArm[], ridge: number, regression: Regression): void {
    const { dimension } = regression
    this.#precision.fill(0)
    this.#moment.fill(0)
    for (let k = 0; k < dimension; k += 1) this.#precision[k * dimension + k] = ridge
    for (const arm of arms) {
      if (arm.weight > 0) this.#add(arm, regression)
    }
    invert(this.#precision, this.#lower, dimension)
    multiply(this.#precision, this.#moment, regression.common)
  }

  #add(arm: LinearArm, { dimension, ridge }: Regression): void {
    const precision = this.#precision
    const { inverse } = arm
    arm.ownCoefficients(this.#own)
    for (let row = 1; row < dimension; row += 1) {
      const diagonal = row * dimension + row
      this.#moment[row] = (this.#moment[row] as number) + ridge * (this.#own[row] as number)
      precision[diagonal] = (precision[diagonal] as number) + ridge
      for (let at = row * dimension + 1; at < (row + 1) * dimension; at += 1) {
        precision[at] = (precision[at] as number) - ridge * ridge * (inverse[at] as number)
      }
    }
  }
}
