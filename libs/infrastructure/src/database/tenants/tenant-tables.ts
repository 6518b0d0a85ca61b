/** Tenants, keys and the log of their changes: one implementation for both databases. */
import type {
  AuditEntry,
  AuditQuery,
  Changes,
  Page,
  Revised,
  StoredKey,
  StoredTenant,
  TenantStore,
  Usage,
  UsageQuery,
} from '@atp/domain/tenant'
import type { Kysely, Transaction } from 'kysely'
import type { Schema } from '../schema.ts'
import { auditOf, auditRow, keyOf, keyRow, tenantOf, tenantRow } from './tenant-rows.ts'
import { usageOf } from './usage-query.ts'

/** SQLite binds at most 32,766 parameters, Postgres 65,535. */
const IDS_PER_QUERY = 1_000

export class TenantTables implements TenantStore {
  readonly #db: Kysely<Schema>

  constructor(db: Kysely<Schema>) {
    this.#db = db
  }

  async changedAfter(revision: number): Promise<Revised> {
    // Read first: a change that is committed in between is found twice, never missed.
    const { revision: last } = await this.#db
      .selectFrom('tenant_revision')
      .select('revision')
      .executeTakeFirstOrThrow()
    if (last <= revision) return { revision: last, tenants: [], keys: [] }
    const tenants = this.#db.selectFrom('tenants').selectAll().where('revision', '>', revision)
    const keys = this.#db.selectFrom('api_keys').selectAll().where('revision', '>', revision)
    return {
      revision: last,
      tenants: (await tenants.execute()).map(tenantOf),
      keys: (await keys.execute()).map(keyOf),
    }
  }

  async commit(changes: Changes): Promise<boolean> {
    try {
      await this.#db.transaction().execute(transaction => write(transaction, changes))
      return true
    } catch (error) {
      if (error instanceof Conflict) return false
      throw error
    }
  }

  async tenant(id: string): Promise<StoredTenant | null> {
    const row = await this.#db.selectFrom('tenants').selectAll().where('id', '=', id).executeTakeFirst()
    return row === undefined ? null : tenantOf(row)
  }

  async tenants({ after, limit }: Page): Promise<readonly StoredTenant[]> {
    let query = this.#db.selectFrom('tenants').selectAll().where('deleted_at', 'is', null)
    if (after !== null) query = query.where('id', '>', after)
    return (await query.orderBy('id').limit(limit).execute()).map(tenantOf)
  }

  async key(id: string): Promise<StoredKey | null> {
    const row = await this.#db.selectFrom('api_keys').selectAll().where('id', '=', id).executeTakeFirst()
    return row === undefined ? null : keyOf(row)
  }

  async keys({
    tenant,
    after,
    limit,
  }: Page & { readonly tenant: string | null }): Promise<readonly StoredKey[]> {
    let query = this.#db.selectFrom('api_keys').selectAll()
    if (tenant !== null) query = query.where('tenant', '=', tenant)
    if (after !== null) query = query.where('id', '>', after)
    return (await query.orderBy('id').limit(limit).execute()).map(keyOf)
  }

  async used({ keys, at }: Parameters<TenantStore['used']>[0]): Promise<void> {
    for (let from = 0; from < keys.length; from += IDS_PER_QUERY) {
      await this.#db
        .updateTable('api_keys')
        .set({ last_used_at: at })
        .where('id', 'in', keys.slice(from, from + IDS_PER_QUERY))
        .where(row => row.or([row('last_used_at', 'is', null), row('last_used_at', '<', at)]))
        .execute()
    }
  }

  async audit({
    subject,
    before,
    limit,
  }: AuditQuery): Promise<readonly (AuditEntry & { readonly position: number })[]> {
    let query = this.#db.selectFrom('audit_log').selectAll()
    if (subject !== null) query = query.where('subject', '=', subject)
    if (before !== null) query = query.where('position', '<', before)
    return (await query.orderBy('position', 'desc').limit(limit).execute()).map(auditOf)
  }

  usage(query: UsageQuery): Promise<readonly Usage[]> {
    return usageOf(this.#db, query)
  }
}

class Conflict extends Error {}

async function write(db: Transaction<Schema>, { tenants, keys, audit }: Changes): Promise<void> {
  // Holds its row until the commit: revisions become visible in their order, so that nobody who has seen one misses an earlier one.
  const { revision } = await db
    .updateTable('tenant_revision')
    .set(row => ({ revision: row('revision', '+', 1) }))
    .returning('revision')
    .executeTakeFirstOrThrow()
  for (const tenant of tenants) await writeTenant(db, tenant, revision)
  for (const key of keys) await writeKey(db, key, revision)
  for (const entry of audit) await db.insertInto('audit_log').values(auditRow(entry)).execute()
}

async function writeTenant(db: Transaction<Schema>, tenant: StoredTenant, revision: number): Promise<void> {
  const row = tenantRow(tenant, revision)
  const { id, created_at: _, ...changed } = row
  const written =
    tenant.version === 1
      ? await db
          .insertInto('tenants')
          .values(row)
          .onConflict(taken => taken.doNothing())
          .returning('id')
          .execute()
      : await db
          .updateTable('tenants')
          .set(changed)
          .where('id', '=', id)
          .where('version', '=', tenant.version - 1)
          .returning('id')
          .execute()
  if (written.length === 0) throw new Conflict()
}

async function writeKey(
  db: Transaction<Schema>,
  key: Changes['keys'][number],
  revision: number,
): Promise<void> {
  const row = keyRow(key, revision)
  const { id, ...changed } = row
  const written =
    key.version === 1
      ? await db
          .insertInto('api_keys')
          .values(row)
          .onConflict(taken => taken.doNothing())
          .returning('id')
          .execute()
      : await db
          .updateTable('api_keys')
          .set(changed)
          .where('id', '=', id)
          .where('version', '=', key.version - 1)
          .returning('id')
          .execute()
  if (written.length === 0) throw new Conflict()
}
