/** The journal as a spool before Postgres. */
import type { Logger } from '@atp/core/logging'
import { systemTimers, within } from '@atp/core/timers'
import type { DataDirectory } from './data-directory.ts'
import type { Database, DatabaseReadiness } from './database.ts'
import type { SqliteJournal } from './journal/sqlite-journal.ts'
import { figuresOf, journalReadiness } from './journal-database.ts'
import type { OrphanJournals } from './orphan-journals.ts'
import { DrainBarrier, postgresAway } from './postgres/drain-barrier.ts'
import type { PostgresDatabase } from './postgres/postgres-database.ts'
import { PostgresDrain, type PostgresDrainOptions } from './postgres/postgres-drain.ts'
import type { PostgresPing } from './postgres/postgres-ping.ts'
import { SpooledRepositories } from './spooled-repositories.ts'
import type { PostgresTenants } from './tenants/postgres-tenants.ts'

export interface SpooledDatabaseOptions extends Pick<PostgresDrainOptions, 'clock' | 'random'> {
  readonly directory: DataDirectory
  readonly journal: SqliteJournal
  readonly postgres: PostgresDatabase
  readonly tenants: PostgresTenants
  readonly ping: PostgresPing
  /** Of other processes, in the same directory. */
  readonly orphans: OrphanJournals
  /** Milliseconds that an answer waits for Postgres's commit; null where the journal's is enough. */
  readonly confirmWithinMs: number | null
  readonly log: Logger
}

/** Where answers wait for Postgres, rows don't wait for company, and it is looked for more often. */
const PROMPT = { lingerMs: 0, backoffMs: { first: 50, longest: 1_000 } }

const LEAST_PATIENCE_MS = 500

export function spooledDatabase(options: SpooledDatabaseOptions): Database {
  const { directory, journal, postgres, tenants, ping, orphans, confirmWithinMs, log, clock, random } =
    options
  const repositories = new SpooledRepositories(journal, postgres, log)
  const barrier = confirmWithinMs === null ? null : new DrainBarrier(confirmWithinMs)
  const drain = new PostgresDrain({
    source: journal,
    target: postgres,
    log,
    clock,
    random,
    onProgress: () => barrier?.reached(journal.position.drained),
    ...(barrier === null ? {} : PROMPT),
  })
  journal.onCommit(() => drain.notify())
  const refusal = () => {
    if (journal.refusal !== null || barrier === null) return journal.refusal
    // One that hangs is away as well, long before its connections say so.
    return drain.status().connected === false || barrier.isLate ? postgresAway() : null
  }
  return {
    journal,
    decisions: repositories,
    observations: repositories,
    snapshots: repositories,
    contexts: repositories,
    tenants: tenants.store,
    prices: tenants.prices,
    isShared: true,
    replica: directory.replica,
    refusal,
    confirmed: () => {
      const { last, drained } = journal.position
      return barrier === null || drained >= last ? null : barrier.wait(last)
    },
    start: () => {
      drain.start()
      orphans.start()
    },
    async stop(deadlineMs) {
      const adopted = orphans.stop()
      const left = await drain.flush(deadlineMs)
      if (left > 0) log.warn({ lag: left }, 'rows are left in the journal: the next start drains them')
      // A Postgres that hangs keeps neither a batch under way nor its connections from being left behind.
      const patienceMs = Math.max(LEAST_PATIENCE_MS, deadlineMs / 4)
      await within(systemTimers, patienceMs, Promise.all([drain.stop(), adopted]))
      await journal.close()
      directory.release()
      await within(systemTimers, patienceMs, Promise.all([postgres.close(), tenants.close(), ping.close()]))
    },
    readiness: () => {
      const refused = refusal()
      if (refused !== null) return { state: 'failed', reason: refused.message }
      return drainReadiness(journal, drain)
    },
    lost: journal.lost,
    pings: { journal: () => journal.answers(), postgres: () => ping.ask() },
    figures: () => figuresOf(journal),
    drainStatus: () => drain.status(),
  }
}

function drainReadiness(journal: SqliteJournal, drain: PostgresDrain): DatabaseReadiness {
  const { letters, dropped } = journal.condition
  const { connected, lag } = drain.status()
  const reasons = [
    ...(connected === false ? [`Postgres is away, ${lag} rows wait in the journal`] : []),
    ...(dropped > 0 ? [`${dropped} rows were dropped before Postgres had them`] : []),
    ...(letters.all > 0 ? [`Postgres refused ${letters.all} rows: see \`atp dead-letters list\``] : []),
  ]
  return reasons.length === 0 ? journalReadiness(journal) : { state: 'degraded', reason: reasons.join('; ') }
}
