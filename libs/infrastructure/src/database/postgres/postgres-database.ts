/** The same repositories on Postgres, and the batch insert that the drain uses: idempotent by id, numbered in order of commit. */
import type { LiveSecret } from '@atp/core/secret'
import type {
  ContextRepository,
  DecisionRecord,
  DecisionRepository,
  Journal,
  JournalBatch,
  LearningContext,
  ObservationRepository,
  Snapshot,
  SnapshotRepository,
  StoredContext,
} from '@atp/domain/observation'
import type { ContextKey } from '@atp/domain/routing'
import { Kysely, PostgresDialect } from 'kysely'
import type pg from 'pg'
import { contextFromStored, contextToStored } from '../context-json.ts'
import { migrate } from '../migrations/migrate.ts'
import { postgresMigrations } from '../migrations/postgres.ts'
import { asPort, Repositories } from '../repositories.ts'
import { decisionJson, decisionRow, observationJson, observationRow } from '../row-json.ts'
import type { Schema } from '../schema.ts'
import { fromStored, toStored } from '../snapshot-json.ts'
import { APPEND_LOCK, INSERT_DECISIONS, INSERT_OBSERVATIONS, LAST_SEQUENCE } from './insert-sql.ts'
import { openPool } from './open-pool.ts'
import { isRefusal } from './refusal.ts'
import type { RotatingPool } from './rotating-pool.ts'

export interface PostgresDatabaseOptions {
  readonly url: LiveSecret
  /** Whose snapshot `save` writes. */
  readonly replica: string
}

/** Rows as JSON arrays, each parsed by Postgres itself. */
export interface RowBatch {
  readonly observations: string
  readonly decisions: string
}

const CONNECTIONS = 4
/** A connection that went silent must not hold the drain for ever. */
const QUERY_TIMEOUT_MS = 60_000

export class PostgresDatabase
  implements Journal, DecisionRepository, ObservationRepository, SnapshotRepository, ContextRepository
{
  readonly #pool: RotatingPool
  readonly #db: Kysely<Schema>
  readonly #repositories: Repositories
  #ready: Promise<void> | null = null

  /** Connects at the first query. @throws {AtpError} `invalid_config` where the URL is none, which is not shown */
  constructor({ url, replica }: PostgresDatabaseOptions) {
    this.#pool = openPool(url, { connections: CONNECTIONS, queryTimeoutMs: QUERY_TIMEOUT_MS })
    this.#db = new Kysely<Schema>({ dialect: new PostgresDialect({ pool: this.#pool }) })
    this.#repositories = new Repositories(this.#db, replica)
  }

  /** Resolves when the database answers and has the current tables; tries again at the next call after a failure. */
  ready(): Promise<void> {
    this.#ready ??= migrate(this.#db, postgresMigrations).catch(error => {
      this.#ready = null
      throw error
    })
    return this.#ready
  }

  append({ observations, decisions }: JournalBatch): Promise<number> {
    return this.insert({
      observations: `[${observations.map(each => observationJson(observationRow(each))).join()}]`,
      decisions: `[${decisions.map(each => decisionJson(decisionRow(each), each.candidates)).join()}]`,
    })
  }

  /**
   * Commits all rows or none; those whose id is there already are left as they are.
   * @returns the sequence number of the last observation in the database
   */
  async insert({ observations, decisions }: RowBatch): Promise<number> {
    await this.ready()
    return this.#transaction(async client => {
      await client.query(APPEND_LOCK)
      await client.query(INSERT_DECISIONS, [decisions])
      await client.query(INSERT_OBSERVATIONS, [observations])
      return (await client.query<{ sequence: number }>(LAST_SEQUENCE)).rows[0]?.sequence ?? 0
    })
  }

  async find(id: DecisionRecord['id']): Promise<DecisionRecord | null> {
    await this.ready()
    return this.#repositories.find(id)
  }

  /** What a learner must know of these decisions; those that are not here are left out. */
  async contexts(ids: readonly string[]): Promise<ReadonlyMap<string, LearningContext>> {
    await this.ready()
    return this.#repositories.contexts(ids)
  }

  /** For `replay`: see `Repositories`. */
  async decided(since: number, limit: number): ReturnType<Repositories['decided']> {
    await this.ready()
    return this.#repositories.decided(since, limit)
  }

  async known(ids: readonly string[]): Promise<ReadonlySet<string>> {
    await this.ready()
    return this.#repositories.known(ids)
  }

  async after(sequence: number, limit: number): ReturnType<ObservationRepository['after']> {
    await this.ready()
    return asPort(await this.#repositories.after(sequence, limit))
  }

  /** @throws {RangeError} naming the path of a number that is not finite */
  async save(snapshot: Snapshot): Promise<void> {
    const stored = toStored(snapshot)
    await this.ready()
    await this.#repositories.save(stored)
  }

  async load(): Promise<Snapshot | null> {
    await this.ready()
    const stored = await this.#repositories.load()
    return stored === null ? null : fromStored(stored)
  }

  async loadContext(key: ContextKey): Promise<StoredContext | null> {
    await this.ready()
    return contextFromStored(await this.#repositories.loadContext(key))
  }

  /** @throws {RangeError} naming the path of a number that is not finite */
  async saveContexts(contexts: readonly StoredContext[]): Promise<void> {
    const stored = contexts.map(contextToStored)
    await this.ready()
    await this.#repositories.saveContexts(stored)
  }

  async contextsAhead(sequence: number): ReturnType<ContextRepository['contextsAhead']> {
    await this.ready()
    return this.#repositories.contextsAhead(sequence)
  }

  /** Waits for the queries under way; harmless when called again. */
  async close(): Promise<void> {
    if (!this.#pool.ending) await this.#pool.end()
  }

  async #transaction<Result>(work: (client: pg.PoolClient) => Promise<Result>): Promise<Result> {
    const client = await this.#pool.connect()
    try {
      await client.query('begin')
      const result = await work(client)
      await client.query('commit')
      client.release()
      return result
    } catch (error) {
      if (isRefusal(error)) {
        // The rows' fault: the connection is as good as before.
        await client.query('rollback').then(
          () => client.release(),
          () => client.release(true),
        )
        throw error
      }
      // A connection in an unknown state is thrown away, and its transaction with it.
      client.release(true)
      // Who comes back may be another database, empty: look again before the next batch.
      this.#ready = null
      throw error
    }
  }
}
