/** Whether the figures of one arm's regression can have come from observations at all: see `LinearBandit.snapshotArm`. */

/** [version, dimension, epoch, weight, squares, moment, lower triangle of the gram matrix]. */
const DIMENSION_AT = 1
const WEIGHT_AT = 3
const MOMENT_AT = 5
/** Sums of products are rounded, each a little. */
const SLACK = 1e-6

/**
 * By Cauchy and Schwarz no moment is larger than the sums of its features' squares and of the targets' allow. A figure that breaks
 * this is corrupt, however finite it is, and would have the model predict anything.
 * @param most that a target differs from what is expected before any is seen
 */
export function isPlausible(figures: readonly number[], most: number): boolean {
  const dimension = figures[DIMENSION_AT] as number
  const targets = most * Math.sqrt(figures[WEIGHT_AT] as number)
  let diagonal = MOMENT_AT + dimension
  for (let k = 0; k < dimension; k += 1) {
    const moment = figures[MOMENT_AT + k] as number
    const bound = Math.sqrt(figures[diagonal] as number) * targets
    // Not a number where a sum of squares is negative: then the bandit refuses it.
    if (Math.abs(moment) > bound * (1 + SLACK) + SLACK) return false
    diagonal += k + 2
  }
  return true
}

/** The figures, or such as the bandit refuses and resets its arm by, where they are not plausible. */
export function checkedFigures(figures: readonly number[], most: number): Float64Array {
  const checked = Float64Array.from(figures)
  return isPlausible(figures, most) ? checked : checked.fill(Number.NaN, WEIGHT_AT)
}
