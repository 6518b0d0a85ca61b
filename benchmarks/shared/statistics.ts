/** Medians with distribution-free 95% intervals: timings are skewed, so means and normal errors would mislead. */

export interface Estimate {
  readonly median: number
  readonly low: number
  readonly high: number
}

/**
 * The median and the order statistics that enclose the true one with at least 95%: their ranks follow from
 * Binomial(n, 1/2), whatever the distribution. Below 6 values no such pair exists, and the extremes are given.
 */
export function estimateMedian(values: readonly number[]): Estimate {
  if (values.length === 0) throw new RangeError('values must not be empty')
  const sorted = values.toSorted((a, b) => a - b)
  const outer = outerRanks(sorted.length)
  return {
    median: median(sorted),
    low: sorted[outer] as number,
    high: sorted[sorted.length - 1 - outer] as number,
  }
}

/** The estimate of measured / baseline, round by round: what disturbs both of a round cancels out. */
export function estimateRatio(measured: readonly number[], baseline: readonly number[]): Estimate {
  if (measured.length !== baseline.length) throw new RangeError('rounds must come in pairs')
  return estimateMedian(measured.map((value, round) => value / (baseline[round] as number)))
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length >> 1
  const upper = sorted[middle] as number
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] as number)) / 2
}

/** How many values lie outside the interval on either side: P(Binomial(n, 1/2) <= outer - 1) <= 2.5%. */
function outerRanks(n: number): number {
  let probability = 2 ** -n
  let cumulative = probability
  let outer = 0
  while (cumulative <= 0.025) {
    outer += 1
    probability *= (n - outer + 1) / outer
    cumulative += probability
  }
  return Math.max(0, outer - 1)
}
