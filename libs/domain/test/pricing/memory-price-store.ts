/** A price store in memory, before whose commits somebody else may be faster. */
import type { PriceChange, PriceStore, RevisedPrices } from '../../src/pricing/index.ts'
import type { AuditEntry } from '../../src/tenant/index.ts'

export class MemoryPriceStore implements PriceStore {
  readonly auditLog: AuditEntry[] = []
  /** Called once, before the next commit. */
  before: (() => Promise<unknown>) | null = null
  #prices = new Map<string, PriceChange['price'] & { readonly revision: number }>()
  #revision = 0

  async changedAfter(revision: number): Promise<RevisedPrices> {
    const prices = [...this.#prices.values()].filter(row => row.revision > revision)
    return { revision: this.#revision, prices }
  }

  async commit({ revision, price, audit }: PriceChange): Promise<boolean> {
    const faster = this.before
    this.before = null
    await faster?.()
    if (revision !== this.#revision) return false
    this.#revision += 1
    this.#prices.set(price.id, { ...price, revision: this.#revision })
    this.auditLog.push(audit)
    return true
  }

  /** As where another database takes its place. */
  empty(): void {
    this.#prices = new Map()
    this.#revision = 0
  }
}
