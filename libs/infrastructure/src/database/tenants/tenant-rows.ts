/** Tenants, keys and audit entries, to rows and back. */
import type { ApiKey, AuditEntry, StoredKey, StoredTenant, Versioned } from '@atp/domain/tenant'
import type { Insertable, Selectable } from 'kysely'
import type { TenantSchema } from './tenant-schema.ts'

type TenantRow = Selectable<TenantSchema['tenants']>
type KeyRow = Selectable<TenantSchema['api_keys']>

export function tenantRow(tenant: StoredTenant, revision: number): TenantRow {
  const { id, version, createdAt, updatedAt, deletedAt, ...settings } = tenant
  return {
    id,
    settings: JSON.stringify(settings),
    version,
    revision,
    created_at: createdAt,
    updated_at: updatedAt,
    deleted_at: deletedAt,
  }
}

export function tenantOf(row: TenantRow): StoredTenant {
  return {
    ...JSON.parse(row.settings),
    id: row.id,
    version: row.version,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
    deletedAt: row.deleted_at,
  }
}

/** Without its last use, which is noted apart. */
export function keyRow(key: ApiKey & Versioned, revision: number): Omit<KeyRow, 'last_used_at'> {
  return {
    id: key.id,
    tenant: key.tenant,
    name: key.name,
    hash: key.hash,
    hint: key.hint,
    scope: key.scope,
    created_at: key.createdAt,
    expires_at: key.expiresAt,
    revoked_at: key.revokedAt,
    rotated_from: key.rotatedFrom,
    version: key.version,
    revision,
  }
}

export function keyOf(row: KeyRow): StoredKey {
  return {
    id: row.id,
    tenant: row.tenant,
    name: row.name,
    hash: row.hash,
    hint: row.hint,
    scope: row.scope,
    createdAt: row.created_at,
    expiresAt: row.expires_at,
    revokedAt: row.revoked_at,
    rotatedFrom: row.rotated_from,
    lastUsedAt: row.last_used_at,
    version: row.version,
  } as StoredKey
}

export function auditRow({ before, after, ...entry }: AuditEntry): Insertable<TenantSchema['audit_log']> {
  return { ...entry, before: jsonOrNull(before), after: jsonOrNull(after) }
}

export function auditOf({
  before,
  after,
  ...entry
}: Selectable<TenantSchema['audit_log']>): AuditEntry & { readonly position: number } {
  return { ...entry, before: parsed(before), after: parsed(after) } as AuditEntry & { position: number }
}

function jsonOrNull(value: object | null): string | null {
  return value === null ? null : JSON.stringify(value)
}

function parsed(text: string | null): Record<string, unknown> | null {
  return text === null ? null : JSON.parse(text)
}
