/** Makes, changes and deletes tenants, each change with its line in the log of changes. */
import type { Clock } from '@atp/core/clock'
import { AtpError } from '@atp/core/errors'
import type { Random } from '@atp/core/random'
import { AuditEntries } from './audit-entry.ts'
import type { TenantDirectory } from './directory.ts'
import { withIds } from './limit-ids.ts'
import type { StoredTenant, TenantStore } from './store.ts'
import type { Tenant, TenantSettings } from './tenant.ts'
import { tenantProblems } from './tenant-problems.ts'

export interface AdministrationOptions {
  readonly store: TenantStore
  /** Knows of a change as soon as it is committed. */
  readonly directory: Pick<TenantDirectory, 'refresh'>
  readonly clock: Clock
  readonly random: Random
}

export class TenantAdministration {
  readonly #store: TenantStore
  readonly #directory: Pick<TenantDirectory, 'refresh'>
  readonly #clock: Clock
  readonly #audit: AuditEntries

  constructor({ store, directory, clock, random }: AdministrationOptions) {
    this.#store = store
    this.#directory = directory
    this.#clock = clock
    this.#audit = new AuditEntries(clock, random)
  }

  /** @throws {AtpError} `not_found`, also for a deleted one */
  async get(id: string): Promise<StoredTenant> {
    const tenant = await this.#store.tenant(id)
    if (tenant === null || tenant.deletedAt !== null) throw noTenant(id)
    return tenant
  }

  /** @throws {AtpError} `invalid_request`; `already_exists`, also where a tenant of this id was deleted */
  async create(actor: string, tenant: Tenant): Promise<StoredTenant> {
    const named = { ...tenant, limits: withIds(tenant.limits) }
    requireValid(named)
    const at = this.#clock.now()
    const made: StoredTenant = { ...named, version: 1, createdAt: at, updatedAt: at, deletedAt: null }
    if (!(await this.#commit(actor, 'tenant.created', null, made))) {
      throw new AtpError('already_exists', {
        detail: `there is, or was, a tenant '${tenant.id}'`,
        problems: [{ field: 'id', found: JSON.stringify(tenant.id), allowed: 'an id that was never used' }],
      })
    }
    return made
  }

  /**
   * @param version that the change is meant for
   * @throws {AtpError} `not_found`, `invalid_request`, `precondition_failed`
   */
  async change(
    actor: string,
    id: string,
    version: number,
    changed: (before: StoredTenant) => TenantSettings,
  ): Promise<StoredTenant> {
    const before = await this.#read(id, version)
    const { limits, ...settings } = changed(before)
    // Limits that are not changed keep their names, those of before that have none, too.
    const named = limits === before.limits ? limits : withIds(limits)
    const at = this.#clock.now()
    const after = { ...before, ...settings, limits: named, version: version + 1, updatedAt: at }
    requireValid(after)
    await this.#replace(actor, 'tenant.changed', before, after)
    return after
  }

  /** Its keys open nothing from now on. @throws {AtpError} `not_found`, `precondition_failed` */
  async delete(actor: string, id: string, version: number): Promise<void> {
    const before = await this.#read(id, version)
    const at = this.#clock.now()
    const after = { ...before, version: version + 1, updatedAt: at, deletedAt: at }
    await this.#replace(actor, 'tenant.deleted', before, after)
  }

  async #read(id: string, version: number): Promise<StoredTenant> {
    const tenant = await this.get(id)
    if (tenant.version !== version) throw changedMeanwhile(tenant.version)
    return tenant
  }

  async #replace(actor: string, action: string, before: StoredTenant, after: StoredTenant): Promise<void> {
    if (!(await this.#commit(actor, action, before, after))) throw changedMeanwhile(null)
  }

  async #commit(
    actor: string,
    action: string,
    before: StoredTenant | null,
    after: StoredTenant,
  ): Promise<boolean> {
    const audit = [this.#audit.of(actor, action, before, after)]
    const committed = await this.#store.commit({ tenants: [after], keys: [], audit })
    if (committed) await followed(this.#directory)
    return committed
  }
}

function requireValid(tenant: Tenant): void {
  const problems = tenantProblems(tenant)
  if (problems.length > 0)
    throw new AtpError('invalid_request', { detail: 'the tenant is not valid', problems })
}

/** What is committed is done, also where the directory hears of it only later. */
export async function followed(directory: Pick<TenantDirectory, 'refresh'>): Promise<void> {
  await directory.refresh().catch(() => undefined)
}

export function noTenant(id: string): AtpError {
  return new AtpError('not_found', { detail: `there is no tenant '${id}'` })
}

/** @param version that it has now; null where that is not known */
export function changedMeanwhile(version: number | null): AtpError {
  return new AtpError('precondition_failed', {
    detail: 'somebody else changed it meanwhile: read it again, then change that',
    ...(version === null ? {} : { context: { current: version } }),
  })
}
