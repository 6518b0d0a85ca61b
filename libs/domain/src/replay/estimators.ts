/**
 * What another policy would have earned on recorded traffic: inverse propensity scoring (IPS), its self-normalised form (SNIPS,
 * Swaminathan & Joachims 2015) and the doubly robust estimate (DR, Dudik et al. 2011), each with a 95% interval. The recorded policy
 * learned while it ran, so that neighbours depend on one another: intervals come from blocks of them (Politis & Romano 1994).
 */

/** One recorded decision with what came of it. */
export interface LoggedChoice {
  /** Index of the chosen candidate. */
  readonly chosen: number
  /** Of the recorded policy, one a candidate. */
  readonly logged: readonly number[]
  /** Of the policy that is judged, one a candidate. */
  readonly target: readonly number[]
  /** What each candidate was expected to earn, by any model; for DR. */
  readonly expected: readonly number[]
  readonly reward: number
}

export interface Estimate {
  readonly mean: number
  /** 95% interval. */
  readonly low: number
  readonly high: number
}

export interface OffPolicyReport {
  readonly ips: Estimate
  readonly snips: Estimate
  readonly dr: Estimate
  /** How many choices of the judged policy the record is worth (Kish 1965): (sum of weights)^2 / sum of squares. */
  readonly effectiveSampleSize: number
  /** False where that is below 100: the record says too little of this policy. */
  readonly conclusive: boolean
  /** Share of the choices whose weight was cut. */
  readonly clipped: number
}

const FEWEST = 100
/** Weights beyond are cut: a rare choice must not decide alone. It biases towards the recorded policy. */
const MOST_WEIGHT = 100
const RESAMPLES = 1_000

/**
 * @param uniform draws from [0, 1), for the resampling
 * @throws {RangeError} on an empty log, a propensity outside (0, 1] of what was chosen, lists of different lengths
 */
export function evaluateOffPolicy(log: readonly LoggedChoice[], uniform: () => number): OffPolicyReport {
  if (log.length === 0) throw new RangeError('the log is empty: there is nothing to judge by')
  const terms = log.map(termOf)
  const weights = terms.map(({ weight }) => weight)
  const sum = total(weights)
  const squares = total(weights.map(weight => weight * weight))
  const effectiveSampleSize = squares === 0 ? 0 : (sum * sum) / squares
  const [ips, snips, dr] = intervals(terms, uniform)
  return {
    ips,
    snips,
    dr,
    effectiveSampleSize,
    conclusive: effectiveSampleSize >= FEWEST,
    clipped: terms.filter(({ clipped }) => clipped).length / terms.length,
  }
}

interface Term {
  readonly weight: number
  readonly clipped: boolean
  readonly reward: number
  /** The doubly robust estimate of this choice alone. */
  readonly robust: number
}

function termOf({ chosen, logged, target, expected, reward }: LoggedChoice, at: number): Term {
  const propensity = logged[chosen]
  if (target.length !== logged.length || expected.length !== logged.length) {
    throw new RangeError(`choice ${at}: logged, target and expected must have one figure a candidate`)
  }
  if (propensity === undefined || !(propensity > 0 && propensity <= 1)) {
    throw new RangeError(
      `choice ${at}: the propensity of what was chosen must be in (0, 1], found ${propensity}`,
    )
  }
  const exact = (target[chosen] as number) / propensity
  const weight = Math.min(exact, MOST_WEIGHT)
  const baseline = total(target.map((chance, arm) => chance * (expected[arm] as number)))
  const robust = baseline + weight * (reward - (expected[chosen] as number))
  return { weight, clipped: exact > MOST_WEIGHT, reward, robust }
}

interface Sums {
  readonly count: number
  readonly weight: number
  readonly weighted: number
  readonly robust: number
}

/** The three estimates, with percentiles over resampled blocks. */
function intervals(terms: readonly Term[], uniform: () => number): [Estimate, Estimate, Estimate] {
  const length = Math.max(1, Math.round(terms.length ** (1 / 3)))
  const blocks: Sums[] = []
  for (let from = 0; from < terms.length; from += length)
    blocks.push(sumsOf(terms.slice(from, from + length)))
  const whole = estimatesOf(blocks)
  const resampled = Array.from({ length: RESAMPLES }, () =>
    estimatesOf(blocks.map(() => blocks[Math.floor(uniform() * blocks.length)] as Sums)),
  )
  return [0, 1, 2].map(which => {
    const sorted = resampled.map(estimates => estimates[which] as number).sort((a, b) => a - b)
    const at = (share: number) => sorted[Math.floor(share * (RESAMPLES - 1))] as number
    return { mean: whole[which] as number, low: at(0.025), high: at(0.975) }
  }) as [Estimate, Estimate, Estimate]
}

function sumsOf(terms: readonly Term[]): Sums {
  return {
    count: terms.length,
    weight: total(terms.map(({ weight }) => weight)),
    weighted: total(terms.map(({ weight, reward }) => weight * reward)),
    robust: total(terms.map(({ robust }) => robust)),
  }
}

/** [IPS, SNIPS, DR] */
function estimatesOf(blocks: readonly Sums[]): readonly number[] {
  const count = total(blocks.map(block => block.count))
  const weight = total(blocks.map(block => block.weight))
  const weighted = total(blocks.map(block => block.weighted))
  return [
    weighted / count,
    weight === 0 ? 0 : weighted / weight,
    total(blocks.map(block => block.robust)) / count,
  ]
}

function total(values: readonly number[]): number {
  let sum = 0
  for (const value of values) sum += value
  return sum
}
