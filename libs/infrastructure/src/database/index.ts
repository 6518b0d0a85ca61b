export { DataDirectory } from './data-directory.ts'
export { type DecisionLogOptions, readDecisionLog } from './decision-log.ts'
export type { Durability, SpoolPosition } from './journal/protocol.ts'
export type { SpoolBatch } from './journal/spool.ts'
export { SqliteJournal, type SqliteJournalOptions } from './journal/sqlite-journal.ts'
export {
  type Database,
  type DatabaseReadiness,
  type OpenDatabaseOptions,
  openDatabase,
} from './open-database.ts'
export {
  PostgresDatabase,
  type PostgresDatabaseOptions,
  type RowBatch,
} from './postgres/postgres-database.ts'
export {
  type DrainSource,
  type DrainStatus,
  type DrainTarget,
  PostgresDrain,
  type PostgresDrainOptions,
} from './postgres/postgres-drain.ts'
export { SpooledRepositories } from './spooled-repositories.ts'
export { PostgresTenants } from './tenants/postgres-tenants.ts'
