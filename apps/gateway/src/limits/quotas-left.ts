/** What is left of the quotas of money that hold for the whole tenant: its pace is made of them. */
import type { LevelReport } from '@atp/domain/limit'
import type { QuotaLeft } from '@atp/domain/routing'
import type { TenantLimit } from '@atp/domain/tenant'

const MICRO_USD = 1_000_000

export function quotasLeft(levels: readonly LevelReport[]): readonly QuotaLeft[] {
  const quotas: QuotaLeft[] = []
  for (const { limit, remaining, resetMs } of levels) {
    if (limit.kind !== 'calendar' || limit.counts !== 'cost' || limit.shadow === true) continue
    if (resetMs === null || (limit as TenantLimit).definition.scope !== 'tenant') continue
    quotas.push({ remainingUsd: remaining / MICRO_USD, resetMs })
  }
  return quotas
}
