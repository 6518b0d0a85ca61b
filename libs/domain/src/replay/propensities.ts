/**
 * How likely each candidate of a recorded decision was to be chosen, from the posteriors that were recorded with it: the chance
 * that its utility, drawn as Thompson sampling draws it, is the highest. By quadrature over the utilities' distributions, off the
 * hot path.
 */

/** What is believed of a quality: a Beta or a normal distribution. */
export type Posterior =
  | { readonly alpha: number; readonly beta: number }
  | { readonly mean: number; readonly deviation: number }

/** A candidate's utility is `weight * quality - penalty`, its quality drawn from the posterior. */
export interface DrawnCandidate {
  readonly posterior: Posterior
  /** What a unit of quality is worth, at least 0. */
  readonly weight: number
  readonly penalty: number
}

/** Intervals of the quadrature: propensities are exact to about 1e-4. */
const INTERVALS = 2_000
/** Deviations from the mean beyond which nothing is drawn. */
const REACH = 9
/** A utility that spreads less is certain. */
const NARROW = 1e-12

/**
 * @returns of each candidate the probability that it is chosen; they add up to 1. Two candidates that are certain of the same
 * utility share it evenly.
 */
export function thompsonPropensities(candidates: readonly DrawnCandidate[]): number[] {
  if (candidates.length === 0) return []
  const ranges = candidates.map(rangeOf)
  // Who is chosen draws at least what the best one draws at worst.
  const low = Math.max(...ranges.map(([from]) => from))
  const high = Math.max(...ranges.map(([, to]) => to))
  const step = Math.max(high - low, NARROW) / INTERVALS
  const chances = candidates.map(() => 0)
  const drawn = candidates.map(candidate => massesOf(candidate, low, step))
  const masses = drawn.map(({ masses }) => masses)
  // Of each candidate, how likely it is below the present interval.
  const below = drawn.map(({ below }) => below)
  for (let interval = 0; interval < INTERVALS; interval += 1) {
    for (let i = 0; i < masses.length; i += 1) {
      const here = masses[i]?.[interval] as number
      if (here === 0) continue
      let others = 1
      for (let j = 0; j < masses.length; j += 1) {
        if (j !== i) others *= (below[j] as number) + (masses[j]?.[interval] as number) / 2
      }
      chances[i] = (chances[i] as number) + here * others
    }
    for (let j = 0; j < masses.length; j += 1) {
      below[j] = (below[j] as number) + (masses[j]?.[interval] as number)
    }
  }
  const sum = chances.reduce((total, chance) => total + chance, 0)
  return chances.map(chance => chance / sum)
}

/** Mixes a share of blind choice in: what a policy with an exploration share of `share` does. */
export function withExploration(propensities: readonly number[], share: number): number[] {
  return propensities.map(chance => (1 - share) * chance + share / propensities.length)
}

/** Where the utility lies, for all that matters. */
function rangeOf({ posterior, weight, penalty }: DrawnCandidate): readonly [number, number] {
  const [from, to] =
    'alpha' in posterior
      ? [0, 1]
      : [posterior.mean - REACH * posterior.deviation, posterior.mean + REACH * posterior.deviation]
  return [weight * from - penalty, weight * to - penalty]
}

interface Drawn {
  /** How likely the utility is below the first interval, and in each. */
  readonly below: number
  readonly masses: Float64Array
}

/** A utility that is certain has all its mass in one place. */
function massesOf({ posterior, weight, penalty }: DrawnCandidate, low: number, step: number): Drawn {
  const masses = new Float64Array(INTERVALS)
  const spread = weight * ('deviation' in posterior ? posterior.deviation : 1)
  if (spread < NARROW) {
    const utility = ('mean' in posterior ? weight * posterior.mean : 0) - penalty
    if (utility < low - NARROW) return { below: 1, masses }
    masses[Math.min(Math.max(Math.floor((utility - low) / step), 0), INTERVALS - 1)] = 1
    return { below: 0, masses }
  }
  const cumulative = 'alpha' in posterior ? betaCumulative(posterior) : normalCumulative(posterior)
  const from = (low + penalty) / weight
  const width = step / weight
  const isSmooth = 'alpha' in posterior && isSmoothWithin(posterior, width)
  if (isSmooth) fillByDensity(masses, posterior, from, width)
  else fillByDifferences(masses, cumulative, from, width)
  return { below: cumulative(from), masses }
}

function fillByDifferences(
  masses: Float64Array,
  cumulative: (quality: number) => number,
  from: number,
  width: number,
): void {
  let before = cumulative(from)
  for (let interval = 0; interval < INTERVALS; interval += 1) {
    const after = cumulative(from + (interval + 1) * width)
    masses[interval] = Math.max(after - before, 0)
    before = after
  }
}

type Beta = Extract<Posterior, { readonly alpha: number }>

/** Whether the density has no pole, and hardly bends within an interval: Simpson's rule is exact to 1e-5 of a mass then. */
function isSmoothWithin({ alpha, beta }: Beta, width: number): boolean {
  const sum = alpha + beta
  const deviation = Math.sqrt((alpha * beta) / (sum * sum * (sum + 1)))
  return alpha >= 1 && beta >= 1 && width < deviation / 4
}

/** By Simpson's rule: two powers an interval, where differences would take a continued fraction. */
function fillByDensity(masses: Float64Array, posterior: Beta, from: number, width: number): void {
  const density = betaDensity(posterior)
  const cumulative = betaCumulative(posterior)
  let before = density(from)
  for (let interval = 0; interval < INTERVALS; interval += 1) {
    const [start, end] = [from + interval * width, from + (interval + 1) * width]
    const after = density(end)
    // Not where the density begins or ends: it may jump.
    if (start < 0 !== end < 0 || start > 1 !== end > 1) masses[interval] = cumulative(end) - cumulative(start)
    else masses[interval] = (width / 6) * (before + 4 * density(start + width / 2) + after)
    before = after
  }
}

/** By the error function's rational approximation (Abramowitz & Stegun 1964, 7.1.26): exact to 1.5e-7. */
function normalCumulative({ mean, deviation }: { readonly mean: number; readonly deviation: number }) {
  return (quality: number): number => {
    const z = (quality - mean) / (deviation * Math.SQRT2)
    const t = 1 / (1 + 0.3275911 * Math.abs(z))
    const series =
      t * (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429))))
    const tail = 0.5 * series * Math.exp(-z * z)
    return z < 0 ? tail : 1 - tail
  }
}

function betaDensity({ alpha, beta }: Beta) {
  const scale = lnGamma(alpha + beta) - lnGamma(alpha) - lnGamma(beta)
  return (x: number): number => {
    if (x < 0 || x > 1) return 0
    // 0 times the logarithm of 0 is 0 here.
    const left = alpha === 1 ? 0 : (alpha - 1) * Math.log(x)
    const right = beta === 1 ? 0 : (beta - 1) * Math.log1p(-x)
    return Math.exp(scale + left + right)
  }
}

/** The regularised incomplete beta function by its continued fraction (Press et al., Numerical Recipes, 6.4). */
function betaCumulative({ alpha, beta }: Beta) {
  const scale = lnGamma(alpha + beta) - lnGamma(alpha) - lnGamma(beta)
  return (x: number): number => {
    if (x <= 0) return 0
    if (x >= 1) return 1
    const front = Math.exp(scale + alpha * Math.log(x) + beta * Math.log1p(-x))
    if (x < (alpha + 1) / (alpha + beta + 2)) return (front * continuedFraction(alpha, beta, x)) / alpha
    return 1 - (front * continuedFraction(beta, alpha, 1 - x)) / beta
  }
}

const MOST_TERMS = 300
const TINY = 1e-300

function continuedFraction(a: number, b: number, x: number): number {
  const off = (value: number): number => (Math.abs(value) < TINY ? TINY : value)
  let c = 1
  let d = 1 / off(1 - ((a + b) * x) / (a + 1))
  let fraction = d
  for (let m = 1; m <= MOST_TERMS; m += 1) {
    const even = (m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m))
    d = 1 / off(1 + even * d)
    c = off(1 + even / c)
    fraction *= d * c
    const odd = (-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1))
    d = 1 / off(1 + odd * d)
    c = off(1 + odd / c)
    fraction *= d * c
    if (Math.abs(d * c - 1) < 1e-12) break
  }
  return fraction
}

/** Lanczos's approximation (1964), g = 7, nine terms: exact to 1e-14. */
function lnGamma(x: number): number {
  const coefficients = [
    676.5203681218851, -1259.1392167224028, 771.32342877765313, -176.61502916214059, 12.507343278686905,
    -0.13857109526572012, 9.9843695780195716e-6, 1.5056327351493116e-7,
  ]
  if (x < 0.5) return Math.log(Math.PI / Math.abs(Math.sin(Math.PI * x))) - lnGamma(1 - x)
  let sum = 0.99999999999980993
  for (const [k, coefficient] of coefficients.entries()) sum += coefficient / (x + k)
  const t = x + 6.5
  return 0.5 * Math.log(2 * Math.PI) + (x - 0.5) * Math.log(t) - t + Math.log(sum)
}
