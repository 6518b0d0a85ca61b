/** Where dated prices are kept: what the domain asks of a database. All of it is plain data. */
import type { AuditEntry } from '../tenant/store.ts'
import type { DatedPrice } from './dated-price.ts'

/** What was changed after a revision. */
export interface RevisedPrices {
  /** Of the last change: ask after it the next time. */
  readonly revision: number
  /** Withdrawn ones too. */
  readonly prices: readonly DatedPrice[]
}

export interface PriceChange {
  /** The last one that was known when the change was decided on. */
  readonly revision: number
  readonly price: DatedPrice
  readonly audit: AuditEntry
}

export interface PriceStore {
  /** All that was changed after this revision; 0: everything. */
  changedAfter(revision: number): Promise<RevisedPrices>
  /** Commits the price and its line in the log. @returns false where any price was changed meanwhile: nothing is written then */
  commit(change: PriceChange): Promise<boolean>
}
