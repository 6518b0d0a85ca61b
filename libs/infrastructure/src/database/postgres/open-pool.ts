/** Connections to one Postgres: exact numbers, bounded waits, and no error that ends the process. */
import { AtpError } from '@atp/core/errors'
import type { LiveSecret } from '@atp/core/secret'
import pg from 'pg'
import { exactTypes } from './exact-types.ts'
import { RotatingPool } from './rotating-pool.ts'

const CONNECT_TIMEOUT_MS = 5_000

export interface PoolOptions {
  readonly connections: number
  /** A connection that went silent must not hold anybody for ever. */
  readonly queryTimeoutMs: number
}

/** Connects at the first query. @throws {AtpError} `invalid_config` where the URL is none, which is not shown */
export function openPool(url: LiveSecret, options: PoolOptions): RotatingPool {
  return new RotatingPool(url, text => poolAt(checkedUrl(text), options))
}

function poolAt(connectionString: string, { connections, queryTimeoutMs }: PoolOptions): pg.Pool {
  const pool = new pg.Pool({
    connectionString,
    max: connections,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    query_timeout: queryTimeoutMs,
    application_name: 'atp-gateway',
    types: exactTypes,
  })
  // A connection that breaks while idle is replaced at the next query, which then says what is wrong.
  pool.on('error', () => undefined)
  // One that breaks in use fails its query; without a listener it would end the process as well.
  pool.on('connect', client => client.on('error', () => undefined))
  return pool
}

/** pg quotes the whole URL, password and all, in its own error. */
function checkedUrl(url: string): string {
  if (/^postgres(ql)?:\/\//.test(url) && URL.canParse(url)) return url
  throw new AtpError('invalid_config', {
    detail: 'the database URL is not valid',
    problems: [
      {
        field: 'database.url',
        found: 'something else',
        allowed: 'postgresql://user:password@host:port/database',
      },
    ],
  })
}
