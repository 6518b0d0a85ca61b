/** Dated prices: whole micro-dollars per million tokens. */
import { type Kysely, sql } from 'kysely'

export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('prices')
    .addColumn('id', 'text', column => column.primaryKey())
    .addColumn('arm', 'text', column => column.notNull())
    .addColumn('valid_from', 'bigint', column => column.notNull())
    .addColumn('input_micro_usd_per_mtok', 'bigint', column => column.notNull())
    .addColumn('output_micro_usd_per_mtok', 'bigint', column => column.notNull())
    .addColumn('created_at', 'bigint', column => column.notNull())
    .addColumn('withdrawn_at', 'bigint')
    .addColumn('revision', 'bigint', column => column.notNull())
    .execute()
  await db.schema
    .createTable('price_revision')
    .addColumn('revision', 'bigint', column => column.notNull())
    .execute()
  await sql`insert into price_revision (revision) values (0)`.execute(db)
  await db.schema.createIndex('prices_revision').on('prices').column('revision').execute()
}
