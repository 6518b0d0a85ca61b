/** What the answer to a decision said of itself: a judgement that comes later takes its place. */
import type { Kysely } from 'kysely'

export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema.alterTable('decisions').addColumn('signal', 'text').execute()
  await db.schema.alterTable('decisions').addColumn('signal_worth', 'double precision').execute()
}
