/** What the prompt of a decision looked like: a judgement that comes days later teaches it to the contextual strategies. */
import type { Kysely } from 'kysely'

export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema.alterTable('decisions').addColumn('features', 'text').execute()
}
