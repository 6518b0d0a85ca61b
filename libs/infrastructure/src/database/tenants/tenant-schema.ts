/** The tables of tenants, as the query builder sees them. */
import type { Generated } from 'kysely'

export interface TenantSchema {
  tenants: TenantTable
  api_keys: ApiKeyTable
  audit_log: AuditTable
  tenant_revision: RevisionTable
}

interface TenantTable {
  id: string
  /** JSON text. */
  settings: string
  version: number
  /** Of the last change of anything when this row was written. */
  revision: number
  created_at: number
  updated_at: number
  deleted_at: number | null
}

interface ApiKeyTable {
  id: string
  tenant: string | null
  name: string
  hash: string
  hint: string
  scope: string
  created_at: number
  expires_at: number | null
  revoked_at: number | null
  rotated_from: string | null
  last_used_at: number | null
  version: number
  revision: number
}

interface AuditTable {
  position: Generated<number>
  id: string
  at: number
  actor: string
  action: string
  subject: string
  /** JSON text. */
  before: string | null
  after: string | null
}

/** One row: who writes, counts it up first, and so writes alone until the commit. */
interface RevisionTable {
  revision: number
}
