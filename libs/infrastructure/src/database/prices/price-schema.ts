/** The tables of prices, as the query builder sees them. */
export interface PriceSchema {
  prices: PriceTable
  price_revision: RevisionTable
}

interface PriceTable {
  id: string
  arm: string
  valid_from: number
  /** Integers, so that nothing is lost: a dollar per million tokens is a million of these. */
  input_micro_usd_per_mtok: number
  output_micro_usd_per_mtok: number
  created_at: number
  withdrawn_at: number | null
  /** Of the last change of any price when this row was written. */
  revision: number
}

/** One row: who writes, counts it up first, and so writes alone until the commit. */
interface RevisionTable {
  revision: number
}
