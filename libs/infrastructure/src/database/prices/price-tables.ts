/** Dated prices: one implementation for both databases. */
import type { DatedPrice, PriceChange, PriceStore, RevisedPrices } from '@atp/domain/pricing'
import type { Kysely, Selectable } from 'kysely'
import type { Schema } from '../schema.ts'
import { auditRow } from '../tenants/tenant-rows.ts'
import type { PriceSchema } from './price-schema.ts'

const MICRO_USD = 1_000_000

type PriceRow = Selectable<PriceSchema['prices']>

export class PriceTables implements PriceStore {
  readonly #db: Kysely<Schema>

  constructor(db: Kysely<Schema>) {
    this.#db = db
  }

  async changedAfter(revision: number): Promise<RevisedPrices> {
    // Read first: a change that is committed in between is found twice, never missed.
    const { revision: last } = await this.#db
      .selectFrom('price_revision')
      .select('revision')
      .executeTakeFirstOrThrow()
    if (last <= revision) return { revision: last, prices: [] }
    const rows = await this.#db.selectFrom('prices').selectAll().where('revision', '>', revision).execute()
    return { revision: last, prices: rows.map(priceOf) }
  }

  commit({ revision, price, audit }: PriceChange): Promise<boolean> {
    return this.#db.transaction().execute(async db => {
      // Holds its row until the commit: who comes second finds another revision than the one that it decided by.
      const counted = await db
        .updateTable('price_revision')
        .set({ revision: revision + 1 })
        .where('revision', '=', revision)
        .returning('revision')
        .execute()
      if (counted.length === 0) return false
      const row = priceRow(price, revision + 1)
      await db
        .insertInto('prices')
        .values(row)
        .onConflict(known =>
          known.column('id').doUpdateSet({ withdrawn_at: row.withdrawn_at, revision: row.revision }),
        )
        .execute()
      await db.insertInto('audit_log').values(auditRow(audit)).execute()
      return true
    })
  }
}

/** Prices come with at most six decimals: nothing is rounded off. */
function microUsd(usd: number): number {
  return Math.round(usd * MICRO_USD)
}

function priceRow({ price, ...dated }: DatedPrice, revision: number): PriceRow {
  return {
    id: dated.id,
    arm: dated.arm,
    valid_from: dated.validFrom,
    input_micro_usd_per_mtok: microUsd(price.inputUsdPerMtok),
    output_micro_usd_per_mtok: microUsd(price.outputUsdPerMtok),
    created_at: dated.createdAt,
    withdrawn_at: dated.withdrawnAt,
    revision,
  }
}

function priceOf(row: PriceRow): DatedPrice {
  return {
    id: row.id,
    arm: row.arm,
    validFrom: row.valid_from,
    price: {
      inputUsdPerMtok: row.input_micro_usd_per_mtok / MICRO_USD,
      outputUsdPerMtok: row.output_micro_usd_per_mtok / MICRO_USD,
    },
    createdAt: row.created_at,
    withdrawnAt: row.withdrawn_at,
  } as DatedPrice
}
