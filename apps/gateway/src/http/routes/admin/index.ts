/** The admin plane. */
import type { App } from '../../app.ts'
import { adminAudit } from './audit.ts'
import { type AdminKeysOptions, adminKeys } from './keys.ts'
import { type AdminPricesOptions, adminPrices } from './prices.ts'
import { type AdminTenantsOptions, adminTenants } from './tenants.ts'
import { type AdminUsageOptions, adminUsage } from './usage.ts'

export type AdminOptions = AdminTenantsOptions & AdminKeysOptions & AdminPricesOptions & AdminUsageOptions

export async function admin(app: App, options: AdminOptions): Promise<void> {
  await app.register(adminTenants, options)
  await app.register(adminKeys, options)
  await app.register(adminPrices, options)
  await app.register(adminAudit, options)
  await app.register(adminUsage, options)
}
