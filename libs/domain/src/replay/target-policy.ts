/** Policies that a log can be asked about: what each would have done, by what was believed when the decision was taken. */
import type { Weights } from '../routing/request.ts'
import { ruleOf } from '../routing/strategy.ts'
import type { Utility } from '../routing/utility.ts'
import {
  certainty,
  drawn,
  type Eligible,
  type LoggedDecision,
  loggedPropensities,
} from './logged-decision.ts'
import { thompsonPropensities } from './propensities.ts'

export type TargetRule =
  /** As it was decided; under another preference a UCB is taken for `greedy`. */
  | 'recorded'
  /** As the shadow strategy decided; only where there was one. */
  | 'shadow'
  /** Draws from the posteriors. */
  | 'thompson'
  /** The best by expectation. */
  | 'greedy'
  /** Any candidate, each as often. */
  | 'random'
  /** One arm wherever it is a candidate, and the best by expectation where it is not. */
  | { readonly always: string }

export interface TargetPolicy {
  readonly rule: TargetRule
  /** Instead of what each request preferred; the price that a budget put on money is left out then. */
  readonly preference?: {
    readonly weights: Weights
    readonly utility: Pick<Utility, 'costTerm' | 'latencyTerm'>
  }
}

/** @returns of each eligible candidate, in their order; they add up to 1 */
export function targetPropensities(
  { rule, preference }: TargetPolicy,
  decision: LoggedDecision,
  eligible: readonly Eligible[],
): number[] {
  if (rule === 'recorded' && preference === undefined) return loggedPropensities(decision, eligible)
  if (rule === 'random') return eligible.map(() => 1 / eligible.length)
  const weight = (preference?.weights ?? decision.weights).quality
  const candidates = eligible.map(candidate =>
    drawn({ ...candidate, terms: termsOf(candidate, preference) }, weight),
  )
  const named = typeof rule === 'object' ? rule.always : rule === 'shadow' ? decision.shadow?.arm : undefined
  if (named !== undefined) {
    const at = eligible.findIndex(({ arm }) => arm === named)
    if (at >= 0) return eligible.map((_, index) => (index === at ? 1 : 0))
  }
  if (rule === 'thompson' || (rule === 'recorded' && ruleOf(decision.strategy) === 'thompson')) {
    return thompsonPropensities(candidates)
  }
  return certainty(
    candidates.map(
      ({ weight: each, penalty }, at) => each * (eligible[at] as Eligible).estimate.qualityMean - penalty,
    ),
  )
}

function termsOf({ terms, estimate }: Eligible, preference: TargetPolicy['preference']): Eligible['terms'] {
  if (preference === undefined) return terms
  const { weights, utility } = preference
  const cost = utility.costTerm(weights, estimate.costUsd)
  const latency = utility.latencyTerm(weights, estimate.latencyMs)
  return { ...terms, cost, latency }
}
