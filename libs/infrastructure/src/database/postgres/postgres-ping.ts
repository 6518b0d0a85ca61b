/** Whether Postgres answers: one round trip over a connection of its own, which neither a drain nor a long query keeps waiting. */
import type { LiveSecret } from '@atp/core/secret'
import { openPool } from './open-pool.ts'
import type { RotatingPool } from './rotating-pool.ts'

/** A server that went silent lets go of the connection after so long, in milliseconds. */
const QUERY_TIMEOUT_MS = 2_000

export class PostgresPing {
  readonly #pool: RotatingPool

  /** Connects at the first question. @throws {AtpError} `invalid_config` where the URL is none, which is not shown */
  constructor(url: LiveSecret) {
    this.#pool = openPool(url, { connections: 1, queryTimeoutMs: QUERY_TIMEOUT_MS })
  }

  /** @throws {Error} where Postgres does not answer */
  async ask(): Promise<void> {
    await this.#pool.query('select 1')
  }

  /** Harmless when called again. */
  async close(): Promise<void> {
    if (!this.#pool.ending) await this.#pool.end()
  }
}
