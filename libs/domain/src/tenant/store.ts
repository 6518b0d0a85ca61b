/** Where tenants, keys and the log of their changes are kept: what the domain asks of a database. All of it is plain data. */
import type { KeyId, TenantId } from '@atp/core/ids'
import type { EpochMs } from '@atp/core/units'
import type { ApiKey } from './api-key.ts'
import type { Tenant } from './tenant.ts'

export interface Versioned {
  /** 1 when it is made, one more with each change: who changes it says which version was read. */
  readonly version: number
}

export interface StoredTenant extends Tenant, Versioned {
  readonly createdAt: EpochMs
  readonly updatedAt: EpochMs
  /** A deleted tenant is kept, so that its id, which old records bear, is never somebody else's. */
  readonly deletedAt: EpochMs | null
}

export interface StoredKey extends ApiKey, Versioned {
  /** To the minute or so; null: never. */
  readonly lastUsedAt: EpochMs | null
}

/** One change of one thing: who, when, what, from what, to what. Never a secret. */
export interface AuditEntry {
  readonly id: string
  readonly at: EpochMs
  /** The id of the key that asked for it, or the part of the gateway that did. */
  readonly actor: string
  readonly action: string
  /** `tenants/ID`, `keys/ID` or `prices/ARM`. */
  readonly subject: string
  readonly before: Readonly<Record<string, unknown>> | null
  readonly after: Readonly<Record<string, unknown>> | null
}

/** Changes that are committed together with their audit, or not at all. */
export interface Changes {
  /** As they shall stand. Version 1 is new; any other takes the place of the version before it. */
  readonly tenants: readonly StoredTenant[]
  readonly keys: readonly (ApiKey & Versioned)[]
  readonly audit: readonly AuditEntry[]
}

/** What was changed after a revision. */
export interface Revised {
  /** Of the last change: ask after it the next time. */
  readonly revision: number
  readonly tenants: readonly StoredTenant[]
  readonly keys: readonly StoredKey[]
}

/** In order of id, after one, at most so many. */
export interface Page {
  readonly after: string | null
  readonly limit: number
}

export interface AuditQuery {
  readonly subject: string | null
  /** The youngest first; only what is older than this entry's position. */
  readonly before: number | null
  readonly limit: number
}

export interface UsageQuery {
  readonly tenant: TenantId | null
  /** Milliseconds since 1970, from and before. */
  readonly from: EpochMs
  readonly until: EpochMs
  /** Observations that do not count; none where nothing is said. */
  readonly without?: readonly string[]
}

/** What one key came to with one model on one day. */
export interface Usage {
  /** UTC: `2026-11-24`. */
  readonly day: string
  readonly tenant: TenantId
  /** Null where requests needed none. */
  readonly key: KeyId | null
  readonly arm: string
  /** Calls of the model, failed ones included. */
  readonly calls: number
  readonly inputTokens: number
  readonly outputTokens: number
  readonly costMicroUsd: number
}

export interface TenantStore {
  /** All that was changed after this revision; 0: everything. */
  changedAfter(revision: number): Promise<Revised>
  /** @returns false where something was changed meanwhile, or is there already: nothing is written then */
  commit(changes: Changes): Promise<boolean>
  /** Also a deleted one. */
  tenant(id: string): Promise<StoredTenant | null>
  /** Without the deleted ones. */
  tenants(page: Page): Promise<readonly StoredTenant[]>
  key(id: string): Promise<StoredKey | null>
  keys(page: Page & { readonly tenant: string | null }): Promise<readonly StoredKey[]>
  /** Notes that these keys were used, at this time or shortly before. */
  used(use: { readonly keys: readonly string[]; readonly at: EpochMs }): Promise<void>
  audit(query: AuditQuery): Promise<readonly (AuditEntry & { readonly position: number })[]>
  usage(query: UsageQuery): Promise<readonly Usage[]>
}
