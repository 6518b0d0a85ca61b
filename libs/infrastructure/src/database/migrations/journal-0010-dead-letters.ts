/** Rows that Postgres refused, each as it was sent, until somebody looks at them. */
import { type Kysely, sql } from 'kysely'

export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('dead_letters')
    .addColumn('sequence', 'integer', column => column.primaryKey())
    .addColumn('kind', 'text', column => column.notNull())
    .addColumn('id', 'text', column => column.notNull())
    .addColumn('row', 'text', column => column.notNull())
    .addColumn('code', 'text', column => column.notNull())
    .addColumn('reason', 'text', column => column.notNull())
    .addColumn('refused_at', 'integer', column => column.notNull())
    .addColumn('requeued', 'integer', column => column.notNull().defaultTo(0))
    .modifyEnd(sql`strict`)
    .execute()
}
