/** A decision as the log has it, with what came of it, and how likely each of its candidates was to be chosen. */

import type { Decision } from '../routing/decision.ts'
import type { Candidate } from '../routing/request.ts'
import { ruleOf } from '../routing/strategy.ts'
import { type DrawnCandidate, thompsonPropensities, withExploration } from './propensities.ts'

export interface LoggedDecision
  extends Pick<
    Decision,
    'arm' | 'strategy' | 'weights' | 'pinned' | 'exploration' | 'shadow' | 'candidates'
  > {
  /** Mean of its judgements, in [0, 1]; null where nobody judged. */
  readonly quality: number | null
  /** US dollars; null where it is not known. */
  readonly costUsd: number | null
}

/** A candidate that could have been chosen. */
export type Eligible = Candidate & { readonly terms: NonNullable<Candidate['terms']>; readonly score: number }

export function eligibleOf({ candidates }: Pick<LoggedDecision, 'candidates'>): readonly Eligible[] {
  return candidates.filter(
    ({ excluded, score, terms }) => excluded === null && score !== null && terms !== null,
  ) as Eligible[]
}

/**
 * Exact where the rule was certain but for its share of blind choices; by quadrature for Thompson sampling.
 * @returns of each eligible candidate, in their order; they add up to 1
 */
export function loggedPropensities(decision: LoggedDecision, eligible: readonly Eligible[]): number[] {
  const { strategy, exploration, weights } = decision
  const chances =
    ruleOf(strategy) === 'thompson'
      ? thompsonPropensities(eligible.map(candidate => drawn(candidate, weights.quality)))
      : certainty(eligible.map(({ score }) => score))
  return withExploration(chances, exploration)
}

/** @param weight of quality, before the arm's reliability */
export function drawn(
  { estimate, terms }: Pick<Eligible, 'estimate' | 'terms'>,
  weight: number,
): DrawnCandidate {
  const { alpha, beta, qualityMean: mean, qualityDeviation: deviation, reliability } = estimate
  const posterior = alpha !== null && beta !== null ? { alpha, beta } : { mean, deviation: deviation ?? 0 }
  return { posterior, weight: weight * reliability, penalty: terms.cost + terms.latency }
}

/** All on the highest; the first of equals, because the choice was put before them. */
export function certainty(scores: readonly number[]): number[] {
  const best = scores.indexOf(Math.max(...scores))
  return scores.map((_, at) => (at === best ? 1 : 0))
}
