/** Whose request it is. There is one built-in tenant until tenants come from the database. */
import type { TenantId } from '@atp/core/ids'

export const DEFAULT_TENANT = 'default' as TenantId
