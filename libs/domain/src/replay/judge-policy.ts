/** What a policy would have earned, and cost, on the decisions of a log. */
import { evaluateOffPolicy, type LoggedChoice, type OffPolicyReport } from './estimators.ts'
import { eligibleOf, type LoggedDecision, loggedPropensities } from './logged-decision.ts'
import { type TargetPolicy, targetPropensities } from './target-policy.ts'

/** Why a decision says nothing of another policy. */
export interface Unusable {
  /** The client had named the model. */
  readonly pinned: number
  /** Nobody judged the answer. */
  readonly unjudged: number
  /** The model that was chosen did not answer: another was judged in its place. */
  readonly fallback: number
  /** Nothing else could have been chosen: no blind choices, by a strategy that draws nothing. */
  readonly certain: number
}

export interface PolicyJudgement {
  /** In [0, 1]. */
  readonly quality: OffPolicyReport
  /** US dollars a request. */
  readonly costUsd: OffPolicyReport
}

/** Decisions that a policy can be judged by, with how likely each candidate was: worked out once for all policies. */
export interface JudgedLog {
  readonly decisions: readonly JudgedDecision[]
  readonly unusable: Unusable
}

interface JudgedDecision {
  readonly decision: LoggedDecision
  readonly quality: number
  readonly costUsd: number
  readonly logged: readonly number[]
}

/** @param progress hears of each decision that was looked at */
export function judgedLog(log: Iterable<LoggedDecision>, progress: () => void = () => undefined): JudgedLog {
  const decisions: JudgedDecision[] = []
  const unusable = { pinned: 0, unjudged: 0, fallback: 0, certain: 0 }
  for (const decision of log) {
    progress()
    const why = reasonAgainst(decision)
    if (why !== null) {
      unusable[why] += 1
      continue
    }
    const logged = loggedPropensities(decision, eligibleOf(decision))
    const { quality, costUsd } = decision
    if (logged[0] === 1) unusable.certain += 1
    else decisions.push({ decision, quality: quality ?? 0, costUsd: costUsd ?? 0, logged })
  }
  return { decisions, unusable }
}

/**
 * @param uniform draws from [0, 1), for the intervals
 * @throws {RangeError} where no decision is usable
 */
export function judgePolicy(
  { decisions }: JudgedLog,
  policy: TargetPolicy,
  uniform: () => number,
): PolicyJudgement {
  const asked =
    policy.rule === 'shadow' ? decisions.filter(({ decision }) => decision.shadow !== null) : decisions
  const choices = asked.map(({ decision, quality, costUsd, logged }) => {
    const eligible = eligibleOf(decision)
    const target = targetPropensities(policy, decision, eligible)
    const choice = { chosen: 0, logged, target }
    const qualities = eligible.map(({ estimate }) => estimate.qualityMean)
    const costs = eligible.map(({ estimate }) => estimate.costUsd)
    return {
      quality: { ...choice, expected: qualities, reward: quality } satisfies LoggedChoice,
      cost: { ...choice, expected: costs, reward: costUsd } satisfies LoggedChoice,
    }
  })
  return {
    quality: evaluateOffPolicy(
      choices.map(({ quality }) => quality),
      uniform,
    ),
    costUsd: evaluateOffPolicy(
      choices.map(({ cost }) => cost),
      uniform,
    ),
  }
}

/** Null where its first candidate was chosen, answered and was judged. */
function reasonAgainst(decision: LoggedDecision): keyof Unusable | null {
  const { pinned, quality, costUsd, arm } = decision
  if (pinned) return 'pinned'
  if (quality === null || costUsd === null) return 'unjudged'
  return eligibleOf(decision)[0]?.arm === arm ? null : 'fallback'
}
