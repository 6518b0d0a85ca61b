/** The one door to storage: the journal alone, or the journal as a spool before Postgres. */
import type { Clock } from '@atp/core/clock'
import { newId } from '@atp/core/ids'
import type { Logger } from '@atp/core/logging'
import type { Random } from '@atp/core/random'
import type { LiveSecret } from '@atp/core/secret'
import { DataDirectory } from './data-directory.ts'
import type { Database } from './database.ts'
import { droppedRowsLog } from './dropped-rows-log.ts'
import type { JournalLimits } from './journal/protocol.ts'
import { SqliteJournal } from './journal/sqlite-journal.ts'
import { journalDatabase } from './journal-database.ts'
import { OrphanJournals } from './orphan-journals.ts'
import { PostgresDatabase } from './postgres/postgres-database.ts'
import { PostgresPing } from './postgres/postgres-ping.ts'
import { spooledDatabase } from './spooled-database.ts'
import { PostgresTenants } from './tenants/postgres-tenants.ts'
import { UnrecordedJournal } from './unrecorded-journal.ts'

/**
 * What an acknowledged record survives: nothing (it is not recorded), the death of the process, the plug too, or the loss of this
 * machine: then Postgres has committed it.
 */
export type RecordDurability = 'off' | 'process' | 'power' | 'database'

export interface OpenDatabaseOptions {
  readonly dataDir: string
  readonly durability: RecordDurability
  /** Without it the journal is the database. */
  readonly databaseUrl?: LiveSecret
  /** By default there is no limit but the disk's. */
  readonly limits?: Partial<JournalLimits>
  /** Milliseconds that an answer waits for Postgres, with durability `database`. */
  readonly commitTimeoutMs?: number
  readonly log: Logger
  readonly clock: Clock
  readonly random: Random
}

const COMMIT_TIMEOUT_MS = 5_000

/**
 * Opens the journal; Postgres need not be there.
 * @throws {AtpError} `start_failed` where the directory is in use or cannot be written; `invalid_config` for a bad URL
 */
export async function openDatabase(options: OpenDatabaseOptions): Promise<Database> {
  const { dataDir, durability, databaseUrl: url, limits, log, clock, random } = options
  const directory = DataDirectory.open(dataDir, () => newId(clock, random))
  try {
    const postgres =
      url === undefined
        ? null
        : {
            postgres: new PostgresDatabase({ url, replica: directory.replica }),
            tenants: new PostgresTenants(url),
            ping: new PostgresPing(url),
            orphans: new OrphanJournals({ dataDir: directory.path, databaseUrl: url, log, clock, random }),
          }
    const journal = await SqliteJournal.open({
      directory,
      durability: durability === 'power' ? 'power' : 'process',
      ...(limits === undefined ? {} : { limits }),
    })
    journal.onDrop(droppedRowsLog(log, clock))
    const { commitTimeoutMs = COMMIT_TIMEOUT_MS } = options
    const confirmWithinMs = durability === 'database' ? commitTimeoutMs : null
    const database =
      postgres === null
        ? journalDatabase(directory, journal)
        : spooledDatabase({ directory, journal, ...postgres, confirmWithinMs, log, clock, random })
    if (durability !== 'off') return database
    return { ...database, journal: new UnrecordedJournal(journal.position.last) }
  } catch (error) {
    directory.release()
    throw error
  }
}
