/** Dated prices, where the journal is the database: whole micro-dollars per million tokens. */
import { type Kysely, sql } from 'kysely'

export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('prices')
    .addColumn('id', 'text', column => column.primaryKey())
    .addColumn('arm', 'text', column => column.notNull())
    .addColumn('valid_from', 'integer', column => column.notNull())
    .addColumn('input_micro_usd_per_mtok', 'integer', column => column.notNull())
    .addColumn('output_micro_usd_per_mtok', 'integer', column => column.notNull())
    .addColumn('created_at', 'integer', column => column.notNull())
    .addColumn('withdrawn_at', 'integer')
    .addColumn('revision', 'integer', column => column.notNull())
    .modifyEnd(sql`strict`)
    .execute()
  await db.schema
    .createTable('price_revision')
    .addColumn('revision', 'integer', column => column.notNull())
    .modifyEnd(sql`strict`)
    .execute()
  await sql`insert into price_revision (revision) values (0)`.execute(db)
  await db.schema.createIndex('prices_revision').on('prices').column('revision').execute()
}
