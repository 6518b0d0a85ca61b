export { subBucketWidth } from '@atp/native'
export { Calendar, type PeriodStarts } from './calendar.ts'
export { AWAY_DEFAULT, type AwayPolicy, type WhenAway } from './failover/away-policy.ts'
export {
  FAILOVER_BREAKER,
  FailoverLimiter,
  type FailoverOptions,
  type FailoverState,
} from './failover/failover-limiter.ts'
export { InProcessLimiter, type InProcessOptions } from './in-process/in-process-limiter.ts'
export { levelName } from './level-name.ts'
export type {
  BucketLimit,
  BucketScale,
  CalendarLimit,
  ConcurrentLimit,
  Limit,
  Measure,
  SlidingLimit,
} from './limit.ts'
export { AMOUNT_MAX, bucketScale, checkLimit, isGuarded, LEVELS_MAX, WINDOW_MAX_US } from './limit.ts'
export type {
  Admission,
  Admitted,
  Counter,
  Denied,
  Epoch,
  LeaseOptions,
  LevelReport,
  Limiter,
  Settlement,
  Spend,
  Stale,
  Sweep,
  Verdict,
} from './limiter.ts'
export { IN_FLIGHT_ID, LEASE_DEFAULTS, SWEPT_AT_ONCE, SWEPT_BY_ADMIT } from './limiter.ts'
export { checkLease, checkSpend, checkTenant, LimitPreparer, type PreparedLimit, wanted } from './prepared.ts'
export { checkCounters } from './rebuilding.ts'
