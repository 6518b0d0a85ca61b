/** What readiness says of the limits that replicas share. */
import type { FailoverLimiter } from '@atp/domain/limit'
import type { EvictionWatch, Redis } from '@atp/infrastructure/redis'
import type { CheckResult } from '../http/readiness.ts'

/** Without traffic nobody finds out that Redis does not answer, but that its connection is gone. */
export function limitsCheck(
  failover: Pick<FailoverLimiter, 'state'>,
  { status }: Pick<Redis, 'status'>,
  { policy }: Pick<EvictionWatch, 'policy'>,
): CheckResult {
  const { decides, backlog } = failover.state()
  if (decides !== 'shared' || status !== 'ready') {
    const where = decides === 'returning' ? 'coming back' : 'away'
    const detail = `the limits that replicas share are ${where}: each tenant's policy decides, ${backlog} reservations wait to be told`
    return { status: 'degraded', detail }
  }
  const warning = `Redis may evict what is counted: its maxmemory-policy is ${policy}, and should be noeviction`
  return { status: 'ok', detail: policy === null ? null : warning }
}
