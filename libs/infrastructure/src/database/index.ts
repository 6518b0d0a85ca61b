export { DataDirectory } from './data-directory.ts'
export type { Database, DatabaseReadiness, JournalFigures } from './database.ts'
export { type DecisionLogOptions, readDecisionLog } from './decision-log.ts'
export { handDownJournal } from './hand-down.ts'
export type { DeadLetter, Refusal } from './journal/dead-letters.ts'
export type { Durability, JournalLimits, SpoolPosition } from './journal/protocol.ts'
export type { SpoolBatch } from './journal/spool.ts'
export { SqliteJournal, type SqliteJournalOptions } from './journal/sqlite-journal.ts'
export { type OpenDatabaseOptions, openDatabase, type RecordDurability } from './open-database.ts'
export { DeadLetterOffice } from './open-dead-letters.ts'
export { OrphanJournals, type OrphanJournalsOptions } from './orphan-journals.ts'
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
