/** Brings a database up to date. Safe to call from several replicas at once: the migrator takes an advisory lock on Postgres. */
import type { Kysely } from 'kysely'
import { type Migration, Migrator } from 'kysely/migration'

/** @throws {Error} what stopped the migration; the migrations before it stay done */
export async function migrate<Tables>(
  db: Kysely<Tables>,
  migrations: Readonly<Record<string, Migration>>,
): Promise<void> {
  const migrator = new Migrator({ db, provider: { getMigrations: async () => ({ ...migrations }) } })
  const { error } = await migrator.migrateToLatest()
  if (error !== undefined) throw error
}
