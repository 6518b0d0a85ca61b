/** A tenant store in memory, whose answers a test may fail or hold back. */
import type {
  AuditEntry,
  Changes,
  Revised,
  StoredKey,
  StoredTenant,
  TenantStore,
} from '../../src/tenant/index.ts'

export class MemoryTenantStore implements TenantStore {
  readonly auditLog: AuditEntry[] = []
  readonly uses: { keys: readonly string[]; at: number }[] = []
  /** While it is set, every call fails with it. */
  failure: Error | null = null
  /** Called once, before the next commit: somebody else is faster. */
  before: (() => Promise<unknown>) | null = null
  #tenants = new Map<string, StoredTenant & { revision: number }>()
  #keys = new Map<string, StoredKey & { revision: number }>()
  #revision = 0

  async changedAfter(revision: number): Promise<Revised> {
    this.#mayFail()
    const later = (row: { revision: number }) => row.revision > revision
    return {
      revision: this.#revision,
      tenants: [...this.#tenants.values()].filter(later),
      keys: [...this.#keys.values()].filter(later),
    }
  }

  async commit({ tenants, keys, audit }: Changes): Promise<boolean> {
    this.#mayFail()
    const faster = this.before
    this.before = null
    await faster?.()
    const fits = (rows: ReadonlyMap<string, { version: number }>, row: { id: string; version: number }) =>
      (rows.get(row.id)?.version ?? 0) === row.version - 1
    if (!tenants.every(row => fits(this.#tenants, row)) || !keys.every(row => fits(this.#keys, row))) {
      return false
    }
    this.#revision += 1
    for (const row of tenants) this.#tenants.set(row.id, { ...row, revision: this.#revision })
    for (const row of keys) this.#keys.set(row.id, { lastUsedAt: null, ...row, revision: this.#revision })
    this.auditLog.push(...audit)
    return true
  }

  async tenant(id: string): Promise<StoredTenant | null> {
    this.#mayFail()
    return this.#tenants.get(id) ?? null
  }

  async key(id: string): Promise<StoredKey | null> {
    this.#mayFail()
    return this.#keys.get(id) ?? null
  }

  async used(use: { readonly keys: readonly string[]; readonly at: number }): Promise<void> {
    this.#mayFail()
    this.uses.push(use)
  }

  /** As if an older state had been restored. */
  restoreEmpty(): void {
    this.#tenants = new Map()
    this.#keys = new Map()
    this.#revision = 0
  }

  tenants(): Promise<never> {
    throw new Error('no test lists tenants here')
  }

  keys(): Promise<never> {
    throw new Error('no test lists keys here')
  }

  audit(): Promise<never> {
    throw new Error('no test reads the log here')
  }

  usage(): Promise<never> {
    throw new Error('no test sums usage here')
  }

  #mayFail(): void {
    if (this.failure !== null) throw this.failure
  }
}
