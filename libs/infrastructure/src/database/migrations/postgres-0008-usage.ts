/** Whose key a decision was asked with, and a way to one day's observations: what usage by day, model and key is summed from. */
import type { Kysely } from 'kysely'

export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema.alterTable('decisions').addColumn('key_id', 'text').execute()
  await db.schema.createIndex('observations_at').on('observations').column('at').execute()
}
