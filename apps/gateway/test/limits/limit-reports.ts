/** What limiters say of a tenant's limits, for tests. */
import type { ArmId, KeyId, TenantId } from '@atp/core/ids'
import type { LevelReport } from '@atp/domain/limit'
import { DEFAULT_SETTINGS, type LimitDefinition, type Tenant, TenantLimits } from '@atp/domain/tenant'

export const KEY = 'k' as KeyId

export function tenantOf(limits: readonly LimitDefinition[], differs: Partial<Tenant> = {}): Tenant {
  return { ...DEFAULT_SETTINGS, id: 'acme' as TenantId, name: 'Acme', limits, ...differs }
}

export function reportOf(
  differs: Partial<LimitDefinition> = {},
  figures: Partial<LevelReport> = {},
): LevelReport {
  const definition = { id: 'rpm', scope: 'tenant', counts: 'requests', per: '1m', amount: 10, ...differs }
  const arm = { id: 'up/small' as ArmId, model: 'small' }
  const [limit] = new TenantLimits().of(tenantOf([definition as LimitDefinition]), { key: KEY, arm })
  if (limit === undefined) throw new Error('it does not hold for this call')
  return { limit, used: 0, reserved: 0, remaining: 10, resetMs: 1_500, exceeded: false, ...figures }
}
