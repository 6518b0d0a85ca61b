export {
  type Estimate,
  evaluateOffPolicy,
  type LoggedChoice,
  type OffPolicyReport,
} from './estimators.ts'
export {
  type JudgedLog,
  judgedLog,
  judgePolicy,
  type PolicyJudgement,
  type Unusable,
} from './judge-policy.ts'
export { eligibleOf, type LoggedDecision, loggedPropensities } from './logged-decision.ts'
export { type DrawnCandidate, type Posterior, thompsonPropensities, withExploration } from './propensities.ts'
export { type TargetPolicy, type TargetRule, targetPropensities } from './target-policy.ts'
