/**
 * A connection to Redis that fails at once where Redis is away, and comes back by itself: an outage must become a decision, not a queue.
 * It takes on other credentials as it stands, and reads them again where they are refused.
 */
import { AtpError } from '@atp/core/errors'
import type { LiveSecret } from '@atp/core/secret'
import { Redis } from 'ioredis'

export interface ConnectOptions {
  /** `redis://` or `rediss://`. */
  readonly url: LiveSecret
  /** Milliseconds after which a command that was not answered fails. */
  readonly commandTimeoutMs: number
}

const CONNECT_TIMEOUT_MS = 5_000
const DEFAULT_PORT = 6_379
/** Milliseconds between two tries to connect. */
const RECONNECT_FIRST_MS = 50
const RECONNECT_LAST_MS = 1_000

/** Connects in the background. @throws {AtpError} `invalid_config` where the URL is none, which is not shown */
export function connectRedis({ url, commandTimeoutMs }: ConnectOptions): Redis {
  const redis = new Redis(checkedUrl(url.reveal()), {
    connectionName: 'atp-gateway',
    connectTimeout: CONNECT_TIMEOUT_MS,
    commandTimeout: commandTimeoutMs,
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    retryStrategy: times => Math.min(RECONNECT_FIRST_MS * 2 ** (times - 1), RECONNECT_LAST_MS),
  })
  // Whoever sends a command hears of it there; without a listener it would be printed.
  redis.on('error', error => {
    if (REFUSED.test(error.message)) void url.replaced(url.generation)
  })
  const end = url.onChange(() => takeOn(redis, new URL(checkedUrl(url.reveal()))))
  redis.once('end', end)
  return redis
}

const REFUSED = /WRONGPASS|NOAUTH|invalid password/i

/** For the next connection, and for the one that stands. */
function takeOn(redis: Redis, { username, password, hostname, port }: URL): void {
  const credentials = { username: decodeURIComponent(username), password: decodeURIComponent(password) }
  Object.assign(redis.options, credentials, { host: hostname, port: Number(port || DEFAULT_PORT) })
  if (redis.status !== 'ready') return
  // The old ones hold for as long as it stands, so a refusal can wait until it doesn't.
  redis.auth(credentials.username || 'default', credentials.password).catch(() => undefined)
}

/** Waits for the connection, for at most so many milliseconds. @returns whether it stands */
export async function isReady(redis: Redis, patienceMs: number): Promise<boolean> {
  if (redis.status === 'ready') return true
  return new Promise(resolve => {
    // Not `once` of node:events: it ends at the first error, and a refused connection is one.
    const onReady = () => {
      clearTimeout(timer)
      resolve(true)
    }
    const timer = setTimeout(() => {
      redis.off('ready', onReady)
      resolve(false)
    }, patienceMs)
    redis.once('ready', onReady)
  })
}

function checkedUrl(text: string): string {
  if (URL.canParse(text) && /^rediss?:$/.test(new URL(text).protocol)) return text
  throw new AtpError('invalid_config', {
    detail: 'The address of Redis is not valid.',
    problems: [
      {
        field: 'redis.url',
        found: 'something else, not shown because it may hold a password',
        allowed: 'redis:// or rediss://',
      },
    ],
  })
}
