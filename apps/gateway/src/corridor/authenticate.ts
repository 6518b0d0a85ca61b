/** Step 1: whose request it is. Without tenants in the database everybody is the built-in one, on loopback only. */
import type { TenantId } from '@atp/core/ids'
import { DEFAULT_TENANT } from '@atp/domain/tenant'

export function authenticate(): TenantId {
  return DEFAULT_TENANT
}
