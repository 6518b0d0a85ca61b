/**
 * What arms have in common, learned from all of them: a hierarchical prior (Lindley & Smith 1972). The Rust twin is
 * `atp_math::common_prior`.
 *
 * An arm's coefficients are those that all arms share and its own deviation from them. With an arm's precision A = S + R and
 * moment b, and its deviation integrated out, it tells of the shared ones with the precision R - R A^-1 R and the moment
 * R A^-1 b: both come from statistics that are additive, so replicas that merge agree. The bias is not shared: an arm that
 * nobody tried is expected at its own prior, so that it is tried. That prior is a device and no knowledge. So the bias is
 * integrated out as if nothing had been expected of it: otherwise all that arms fall short of it would be put down to the
 * features that every request has, and others would be expected to fall short before they were tried.
 */
import { invert } from './cholesky.ts'
import { multiply } from './lanes.ts'
import type { LinearArm, Regression } from './linear-arm.ts'

/** Of the bias's ridge: a rest stays, so that an arm with hardly any evidence leaves nothing to divide by zero. */
const FREED = 0.999

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

  #add(arm: LinearArm, { dimension, biasRidge, ridge }: Regression): void {
    const [precision, own] = [this.#precision, this.#own]
    const { inverse } = arm
    arm.ownCoefficients(own)
    // The bias's ridge is taken away by Sherman and Morrison's formula (1950); row 0 is how the bias varies with the others.
    const freed = FREED * biasRidge
    const factor = freed / (1 - freed * (inverse[0] as number))
    const ownLevel = factor * (own[0] as number)
    for (let row = 1; row < dimension; row += 1) {
      const start = row * dimension
      const level = inverse[row] as number
      this.#moment[row] = (this.#moment[row] as number) + ridge * ((own[row] as number) + ownLevel * level)
      precision[start + row] = (precision[start + row] as number) + ridge
      const ofLevel = factor * level
      for (let column = 1; column < dimension; column += 1) {
        const covariance = (inverse[start + column] as number) + ofLevel * (inverse[column] as number)
        precision[start + column] = (precision[start + column] as number) - ridge * ridge * covariance
      }
    }
  }
}
