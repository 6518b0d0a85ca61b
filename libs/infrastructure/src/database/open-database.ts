/** The one door to storage: the journal alone, or the journal as a spool before Postgres. */
import type { Clock } from '@atp/core/clock'
import { newId } from '@atp/core/ids'
import type { Logger } from '@atp/core/logging'
import type { Random } from '@atp/core/random'
import type { LiveSecret } from '@atp/core/secret'
import type {
  ContextRepository,
  DecisionRepository,
  Journal,
  ObservationRepository,
  SnapshotRepository,
} from '@atp/domain/observation'
import type { TenantStore } from '@atp/domain/tenant'
import { DataDirectory } from './data-directory.ts'
import type { Durability } from './journal/protocol.ts'
import { SqliteJournal } from './journal/sqlite-journal.ts'
import { PostgresDatabase } from './postgres/postgres-database.ts'
import { type DrainStatus, PostgresDrain } from './postgres/postgres-drain.ts'
import { SpooledRepositories } from './spooled-repositories.ts'
import { PostgresTenants } from './tenants/postgres-tenants.ts'

export interface OpenDatabaseOptions {
  readonly dataDir: string
  readonly durability: Durability
  /** Without it the journal is the database. */
  readonly databaseUrl?: LiveSecret
  readonly log: Logger
  readonly clock: Clock
  readonly random: Random
}

/** `degraded`: serving, nothing is lost, but Postgres is away. `failed`: nothing can be recorded. */
export interface DatabaseReadiness {
  readonly state: 'ready' | 'degraded' | 'failed'
  /** Null where it is ready. */
  readonly reason: string | null
}

export interface Database {
  readonly journal: Journal
  readonly decisions: DecisionRepository
  readonly observations: ObservationRepository
  readonly snapshots: SnapshotRepository
  readonly contexts: ContextRepository
  readonly tenants: TenantStore
  /** Whether other replicas may change what it holds. */
  readonly isShared: boolean
  /** Names this data directory among replicas. */
  readonly replica: string
  /** Starts draining; does not wait for Postgres. */
  start(): void
  /** Drains for at most `deadlineMs` milliseconds, then closes everything. What is left stays in the journal. */
  stop(deadlineMs: number): Promise<void>
  readiness(): DatabaseReadiness
  /** Null where there is no Postgres to drain to. */
  drainStatus(): DrainStatus | null
}

/**
 * Opens the journal; Postgres need not be there.
 * @throws {AtpError} `start_failed` where the directory is in use or cannot be written; `invalid_config` for a bad URL
 */
export async function openDatabase(options: OpenDatabaseOptions): Promise<Database> {
  const directory = DataDirectory.open(options.dataDir, () => newId(options.clock, options.random))
  try {
    const url = options.databaseUrl
    const postgres =
      url === undefined
        ? null
        : {
            database: new PostgresDatabase({ url, replica: directory.replica }),
            tenants: new PostgresTenants(url),
          }
    const journal = await SqliteJournal.open({ directory, durability: options.durability })
    return postgres === null
      ? journalOnly(directory, journal)
      : spooled(directory, journal, postgres, options)
  } catch (error) {
    directory.release()
    throw error
  }
}

function journalOnly(directory: DataDirectory, journal: SqliteJournal): Database {
  return {
    journal,
    decisions: journal,
    observations: journal,
    snapshots: journal,
    contexts: journal,
    tenants: journal.tenants,
    isShared: false,
    replica: directory.replica,
    start: () => undefined,
    async stop() {
      await journal.close()
      directory.release()
    },
    readiness: () => journalReadiness(journal),
    drainStatus: () => null,
  }
}

function spooled(
  directory: DataDirectory,
  journal: SqliteJournal,
  { database: postgres, tenants }: { readonly database: PostgresDatabase; readonly tenants: PostgresTenants },
  { log, random }: OpenDatabaseOptions,
): Database {
  const repositories = new SpooledRepositories(journal, postgres, log)
  const drain = new PostgresDrain({ source: journal, target: postgres, log, random })
  journal.onCommit(() => drain.notify())
  return {
    journal,
    decisions: repositories,
    observations: repositories,
    snapshots: repositories,
    contexts: repositories,
    tenants: tenants.store,
    isShared: true,
    replica: directory.replica,
    start: () => drain.start(),
    async stop(deadlineMs) {
      const left = await drain.flush(deadlineMs)
      if (left > 0) log.warn({ lag: left }, 'rows are left in the journal: the next start drains them')
      await drain.stop()
      await journal.close()
      directory.release()
      await Promise.all([postgres.close(), tenants.close()])
    },
    readiness() {
      const own = journalReadiness(journal)
      if (own.state !== 'ready' || drain.status().connected !== false) return own
      return { state: 'degraded', reason: `Postgres is away, ${drain.status().lag} rows wait in the journal` }
    },
    drainStatus: () => drain.status(),
  }
}

function journalReadiness({ failure }: SqliteJournal): DatabaseReadiness {
  return failure === null ? { state: 'ready', reason: null } : { state: 'failed', reason: failure.message }
}
