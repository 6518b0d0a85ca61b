export {
  type Estimate,
  evaluateOffPolicy,
  type LoggedChoice,
  type OffPolicyReport,
} from './estimators.ts'
export { type DrawnCandidate, type Posterior, thompsonPropensities, withExploration } from './propensities.ts'
