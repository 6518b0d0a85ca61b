/**
 * Connections to one Postgres with the credentials of now. When those are replaced, new connections are made with the new ones, and the old
 * end as soon as nobody uses or awaits one: no query fails for it.
 */
import type { LiveSecret } from '@atp/core/secret'
import type pg from 'pg'

/** Milliseconds between two looks at whether the old connections can end. */
const RETIRE_EVERY_MS = 50

export class RotatingPool {
  readonly #url: LiveSecret
  readonly #open: (url: string) => pg.Pool
  readonly #retiring = new Set<Promise<void>>()
  #pool: pg.Pool
  #generation: number
  #ending = false

  /** Connects at the first query. @param open throws where the URL is none */
  constructor(url: LiveSecret, open: (url: string) => pg.Pool) {
    this.#url = url
    this.#open = open
    this.#generation = url.generation
    this.#pool = open(url.reveal())
  }

  /** For who connects beside it; without credentials. */
  readonly options = {}

  get ending(): boolean {
    return this.#ending
  }

  /** Credentials that the server refuses are read again, and tried once more where they are others. */
  async connect(): Promise<pg.PoolClient> {
    const pool = this.#current()
    const generation = this.#generation
    try {
      return await pool.connect()
    } catch (error) {
      if (!wasRefused(error) || !(await this.#url.replaced(generation))) throw error
      return this.#current().connect()
    }
  }

  async query(sql: string): Promise<void> {
    const client = await this.connect()
    try {
      await client.query(sql)
      client.release()
    } catch (error) {
      client.release(true)
      throw error
    }
  }

  /** Waits for the queries under way. */
  async end(): Promise<void> {
    this.#ending = true
    await Promise.all([this.#pool.end(), ...this.#retiring])
  }

  #current(): pg.Pool {
    if (this.#url.generation === this.#generation || this.#ending) return this.#pool
    const old = this.#pool
    this.#pool = this.#open(this.#url.reveal())
    this.#generation = this.#url.generation
    const retired = retire(old).finally(() => this.#retiring.delete(retired))
    this.#retiring.add(retired)
    return this.#pool
  }
}

/** A pool that ends forgets those who wait for a connection of it. */
async function retire(pool: pg.Pool): Promise<void> {
  while (pool.waitingCount > 0) await new Promise(resolve => setTimeout(resolve, RETIRE_EVERY_MS))
  await pool.end()
}

/** Postgres's codes for a wrong password, and for a user that is no more. */
function wasRefused(error: unknown): boolean {
  return ['28P01', '28000'].includes((error as { readonly code?: string }).code ?? '')
}
