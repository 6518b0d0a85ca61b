/** The repositories where the journal is a spool: what is not in the journal any more is in Postgres. */
import { AtpError } from '@atp/core/errors'
import type { Logger } from '@atp/core/logging'
import { systemTimers, within } from '@atp/core/timers'
import type {
  ContextRepository,
  DecisionRecord,
  DecisionRepository,
  LearningContext,
  ObservationRepository,
  Snapshot,
  SnapshotRepository,
  StoredContext,
} from '@atp/domain/observation'
import type { ContextKey } from '@atp/domain/routing'
import type { SqliteJournal } from './journal/sqlite-journal.ts'
import type { PostgresDatabase } from './postgres/postgres-database.ts'
import { asPort, type StoredObservation } from './repositories.ts'

const RETRY_AFTER_MS = 1_000
/** A client, or a stop, waits so long at most for a Postgres that hangs, in milliseconds. */
const PATIENCE_MS = 2_000

export class SpooledRepositories
  implements DecisionRepository, ObservationRepository, SnapshotRepository, ContextRepository
{
  readonly #journal: SqliteJournal
  readonly #postgres: PostgresDatabase
  readonly #log: Logger

  constructor(journal: SqliteJournal, postgres: PostgresDatabase, log: Logger) {
    this.#journal = journal
    this.#postgres = postgres
    this.#log = log
  }

  /** @throws {AtpError} `overloaded` where only Postgres could know and it is away: "no such decision" would be a lie */
  async find(id: DecisionRecord['id']): Promise<DecisionRecord | null> {
    const here = await this.#journal.find(id)
    if (here !== null) return here
    try {
      return await inTime(this.#postgres.find(id))
    } catch (cause) {
      throw new AtpError('overloaded', {
        detail: 'the database that holds older decisions is away: try again later',
        retryAfterMs: RETRY_AFTER_MS,
        cause,
      })
    }
  }

  /** While Postgres is away, what the journal knows: Postgres itself ignores an id that it has, so nothing is stored twice. */
  async known(ids: readonly string[]): Promise<ReadonlySet<string>> {
    const here = await this.#journal.known(ids)
    const others = ids.filter(id => !here.has(id))
    if (others.length === 0) return here
    return new Set([
      ...here,
      ...(await this.#orElse(inTime(this.#postgres.known(others)), new Set<string>())),
    ])
  }

  /** The journal's own observations; those on decisions that have gone to Postgres ask there what is to be known of them. */
  async after(sequence: number, limit: number): ReturnType<ObservationRepository['after']> {
    const rows = await this.#journal.stored(sequence, limit)
    const unknown = rows.filter(row => row.context === null)
    if (unknown.length === 0) return asPort(rows)
    const ids = unknown.map(row => row.observation.decisionId as string)
    const found = await this.#orElse(this.#postgres.contexts(ids), new Map<string, LearningContext>())
    return asPort(rows.map(row => ({ ...row, context: row.context ?? contextOf(row, found) })))
  }

  /** Postgres has a copy for the day this volume is lost; the journal's own is what counts. */
  async save(snapshot: Snapshot): Promise<void> {
    await this.#journal.save(snapshot)
    await this.#orElse(inTime(this.#postgres.save(snapshot)), undefined)
  }

  /**
   * The journal's own snapshot. A fresh volume starts from the latest of any replica, of which this journal's observations
   * are no part yet: sequence 0.
   */
  async load(): Promise<Snapshot | null> {
    const own = await this.#journal.load()
    if (own !== null) return own
    const latest = await this.#orElse(this.#postgres.load(), null)
    return latest === null ? null : { ...latest, appliedSequence: 0 }
  }

  /** As with snapshots: the journal's own, or the latest of any replica, of which this journal's observations are no part yet. */
  async loadContext(key: ContextKey): Promise<StoredContext | null> {
    const own = await this.#journal.loadContext(key)
    if (own !== null) return own
    const latest = await this.#orElse(this.#postgres.loadContext(key), null)
    return latest === null ? null : { ...latest, appliedSequence: 0 }
  }

  async saveContexts(contexts: readonly StoredContext[]): Promise<void> {
    await this.#journal.saveContexts(contexts)
    await this.#orElse(inTime(this.#postgres.saveContexts(contexts)), undefined)
  }

  contextsAhead(sequence: number): ReturnType<ContextRepository['contextsAhead']> {
    return this.#journal.contextsAhead(sequence)
  }

  async #orElse<Answer>(asked: Promise<Answer>, otherwise: Answer): Promise<Answer> {
    try {
      return await asked
    } catch (error) {
      this.#log.debug({ err: error }, 'Postgres did not answer: going on without it')
      return otherwise
    }
  }
}

function contextOf(
  row: StoredObservation,
  found: ReadonlyMap<string, LearningContext>,
): LearningContext | null {
  return found.get(row.observation.decisionId as string) ?? null
}

/** Of what is late nobody hears any more. @throws {Error} where it is; or what it throws itself */
async function inTime<Answer>(asked: Promise<Answer>): Promise<Answer> {
  if (await within(systemTimers, PATIENCE_MS, asked)) return asked
  throw new Error(`Postgres did not answer within ${PATIENCE_MS} ms`)
}
