/** What each tenant and task has seen of each arm, and which task a decision was for. */
import { type Kysely, sql } from 'kysely'

export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema.alterTable('decisions').addColumn('task', 'text').execute()
  await db.schema
    .createTable('contexts')
    .addColumn('replica', 'text', column => column.notNull())
    .addColumn('tenant', 'text', column => column.notNull())
    .addColumn('task', 'text', column => column.notNull())
    .addColumn('applied_sequence', 'integer', column => column.notNull())
    .addColumn('saved_at', 'integer', column => column.notNull())
    .addColumn('arms', 'text', column => column.notNull())
    .addPrimaryKeyConstraint('contexts_key', ['tenant', 'task', 'replica'])
    .modifyEnd(sql`strict`)
    .execute()
}
