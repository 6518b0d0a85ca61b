/** What administrators set, on Postgres, over connections of its own: neither a drain under way nor a long query holds up a revocation. */
import { AtpError } from '@atp/core/errors'
import type { LiveSecret } from '@atp/core/secret'
import type { PriceStore } from '@atp/domain/pricing'
import type { TenantStore } from '@atp/domain/tenant'
import { Kysely, PostgresDialect } from 'kysely'
import { migrate } from '../migrations/migrate.ts'
import { postgresMigrations } from '../migrations/postgres.ts'
import { openPool } from '../postgres/open-pool.ts'
import type { RotatingPool } from '../postgres/rotating-pool.ts'
import { answerPrices, pricesBehind } from '../prices/price-call.ts'
import { PriceTables } from '../prices/price-tables.ts'
import type { Schema } from '../schema.ts'
import { answer, storeBehind } from './tenant-call.ts'
import { TenantTables } from './tenant-tables.ts'

/** One to follow changes by, one for administrators. */
const CONNECTIONS = 2
/** Shorter than the drain's: whoever waits here is a person, or the next look for changes. */
const QUERY_TIMEOUT_MS = 10_000
const RETRY_AFTER_MS = 1_000

export class PostgresTenants {
  /** Its calls fail with `overloaded` while Postgres is away. */
  readonly store: TenantStore = storeBehind(call => this.#call(() => answer(this.#tables, call)))
  /** As `store`. */
  readonly prices: PriceStore = pricesBehind(call => this.#call(() => answerPrices(this.#prices, call)))
  readonly #pool: RotatingPool
  readonly #db: Kysely<Schema>
  readonly #tables: TenantTables
  readonly #prices: PriceTables
  #ready: Promise<void> | null = null

  /** Connects at the first call. @throws {AtpError} `invalid_config` where the URL is none, which is not shown */
  constructor(url: LiveSecret) {
    this.#pool = openPool(url, { connections: CONNECTIONS, queryTimeoutMs: QUERY_TIMEOUT_MS })
    this.#db = new Kysely<Schema>({ dialect: new PostgresDialect({ pool: this.#pool }) })
    this.#tables = new TenantTables(this.#db)
    this.#prices = new PriceTables(this.#db)
  }

  /** Waits for the queries under way; harmless when called again. */
  async close(): Promise<void> {
    if (!this.#pool.ending) await this.#pool.end()
  }

  async #call(answered: () => Promise<unknown>): Promise<unknown> {
    try {
      this.#ready ??= migrate(this.#db, postgresMigrations)
      await this.#ready
      return await answered()
    } catch (cause) {
      // Who comes back may be another database, empty: look again before the next call.
      this.#ready = null
      throw new AtpError('overloaded', {
        detail: 'the database that holds tenants, keys and prices is away: try again later',
        retryAfterMs: RETRY_AFTER_MS,
        cause,
      })
    }
  }
}
