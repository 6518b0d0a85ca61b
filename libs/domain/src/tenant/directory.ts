/**
 * All tenants and keys in memory, so that a request waits for no database: who a key belongs to is one look into a map.
 * It follows the store by asking for what has changed; while the store is away it goes on with what it knows.
 */
import type { Clock } from '@atp/core/clock'
import type { KeyId, TenantId } from '@atp/core/ids'
import { type EpochMs, epochMs, type Milliseconds } from '@atp/core/units'
import { type ApiKey, isActive } from './api-key.ts'
import type { Revised, StoredKey, TenantStore } from './store.ts'
import { DEFAULT_SETTINGS, type Tenant } from './tenant.ts'

export interface TenantDirectoryOptions {
  readonly store: Pick<TenantStore, 'changedAfter'>
  readonly clock: Clock
  /** Of an admin key that is in no store, as it is now: from the configuration. Null: there is none. */
  readonly rootKeyHash: (() => string) | null
  /** Told of each tenant that is another than it was. */
  readonly onChange?: (before: Tenant, after: Tenant) => void
}

/** A key, and whose it is. */
export interface KeyHolder {
  readonly key: ApiKey
  /** Null for an admin key. */
  readonly tenant: Tenant | null
}

/** The configured admin key, in the log of changes. */
export const ROOT_KEY = 'config' as KeyId

export class TenantDirectory {
  readonly #store: Pick<TenantStore, 'changedAfter'>
  readonly #clock: Clock
  readonly #rootKeyHash: (() => string) | null
  readonly #onChange: NonNullable<TenantDirectoryOptions['onChange']>
  #tenants = new Map<TenantId, Tenant>()
  /** By hash. */
  #keys = new Map<string, StoredKey>()
  #revision = 0
  #freshAt: Milliseconds | null = null
  #refreshing: Promise<void> = Promise.resolve()

  constructor({ store, clock, rootKeyHash, onChange = () => undefined }: TenantDirectoryOptions) {
    this.#store = store
    this.#clock = clock
    this.#onChange = onChange
    this.#rootKeyHash = rootKeyHash
  }

  /** Whether it has ever heard from its store. */
  get isLoaded(): boolean {
    return this.#freshAt !== null
  }

  /** Milliseconds since it was like its store; null before the first time. */
  get age(): number | null {
    return this.#freshAt === null ? null : this.#clock.monotonic() - this.#freshAt
  }

  /** Keys that may open something; an expired one counts until it is revoked. */
  get size(): number {
    return this.#keys.size
  }

  /** Whatever was committed before the call is known after it. @throws whatever the store throws: nothing is forgotten then */
  refresh(): Promise<void> {
    const next = this.#refreshing.then(() => this.#catchUp())
    this.#refreshing = next.catch(() => undefined)
    return next
  }

  /** Whether anybody can administer. */
  hasAdmin(now: EpochMs): boolean {
    if (this.#rootKeyHash !== null) return true
    for (const key of this.#keys.values()) if (key.scope === 'admin' && isActive(key, now)) return true
    return false
  }

  /** Those that are not deleted. */
  get tenants(): Iterable<Tenant> {
    return this.#tenants.values()
  }

  tenant(id: TenantId): Tenant | undefined {
    return this.#tenants.get(id)
  }

  /** @returns null for a key that is unknown, was revoked, or whose tenant is gone; an expired one is found */
  holder(hash: string): KeyHolder | null {
    if (hash === this.#rootKeyHash?.()) return { key: rootKey(hash), tenant: null }
    const key = this.#keys.get(hash)
    if (key === undefined) return null
    if (key.tenant === null) return { key, tenant: null }
    const tenant = this.#tenants.get(key.tenant)
    return tenant === undefined ? null : { key, tenant }
  }

  async #catchUp(): Promise<void> {
    const revised = await this.#store.changedAfter(this.#revision)
    if (revised.revision < this.#revision) {
      // Another database, or an older state of it: what it doesn't know must not open anything.
      const everything = await this.#store.changedAfter(0)
      this.#tenants = new Map()
      this.#keys = new Map()
      this.#take(everything)
    } else {
      this.#take(revised)
    }
    this.#freshAt = this.#clock.monotonic()
  }

  #take({ revision, tenants, keys }: Revised): void {
    for (const tenant of tenants) {
      const before = this.#tenants.get(tenant.id)
      if (tenant.deletedAt !== null) {
        this.#tenants.delete(tenant.id)
        continue
      }
      const after = { ...DEFAULT_SETTINGS, ...tenant }
      this.#tenants.set(tenant.id, after)
      if (before !== undefined) this.#onChange(before, after)
    }
    for (const key of keys) {
      if (key.revokedAt === null) this.#keys.set(key.hash, key)
      else this.#keys.delete(key.hash)
    }
    this.#revision = revision
  }
}

function rootKey(hash: string): ApiKey {
  return {
    id: ROOT_KEY,
    tenant: null,
    name: 'auth.admin_key',
    hash,
    hint: '',
    scope: 'admin',
    createdAt: epochMs(0),
    expiresAt: null,
    revokedAt: null,
    rotatedFrom: null,
  }
}
