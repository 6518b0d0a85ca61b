/** The share of blind choices that a decision was drawn with: without it nobody could say how likely it was. */
import type { Kysely } from 'kysely'

export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .alterTable('decisions')
    .addColumn('exploration', 'double precision', column => column.notNull().defaultTo(0))
    .execute()
}
