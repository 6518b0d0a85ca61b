/** What another strategy would have done, which nobody followed. */
import type { Kysely } from 'kysely'

export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema.alterTable('decisions').addColumn('shadow_strategy', 'text').execute()
  await db.schema.alterTable('decisions').addColumn('shadow_arm', 'text').execute()
}
