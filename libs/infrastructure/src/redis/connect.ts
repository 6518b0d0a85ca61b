/** A connection to Redis that fails at once where Redis is away, and comes back by itself: an outage must become a decision, not a queue. */
import { AtpError } from '@atp/core/errors'
import type { Secret } from '@atp/core/secret'
import { Redis } from 'ioredis'

export interface ConnectOptions {
  /** `redis://` or `rediss://`. */
  readonly url: Secret
  /** Milliseconds after which a command that was not answered fails. */
  readonly commandTimeoutMs: number
}

const CONNECT_TIMEOUT_MS = 5_000
/** Milliseconds between two tries to connect. */
const RECONNECT_FIRST_MS = 50
const RECONNECT_LAST_MS = 1_000

/** Connects in the background. @throws {AtpError} `invalid_config` where the URL is none, which is not shown */
export function connectRedis({ url, commandTimeoutMs }: ConnectOptions): Redis {
  const redis = new Redis(checkedUrl(url), {
    connectionName: 'atp-gateway',
    connectTimeout: CONNECT_TIMEOUT_MS,
    commandTimeout: commandTimeoutMs,
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    retryStrategy: times => Math.min(RECONNECT_FIRST_MS * 2 ** (times - 1), RECONNECT_LAST_MS),
  })
  // Whoever sends a command hears of it there; without a listener it would be printed.
  redis.on('error', () => undefined)
  return redis
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

function checkedUrl(url: Secret): string {
  const text = url.reveal()
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
