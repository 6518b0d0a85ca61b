/** What replicas share, where they share anything. A start waits a moment for it, and goes on without it. */
import type { AppContainer } from '@atp/core/container'
import type { Component } from '@atp/core/lifecycle'
import { isReady } from '@atp/infrastructure/redis'
import * as T from '../tokens.ts'

/** Milliseconds that a start waits. */
export const REDIS_PATIENCE_MS = 2_000

export function redis({ resolve }: AppContainer): Component {
  const redis = resolve(T.REDIS)
  if (redis === null) return { name: 'redis' }
  return {
    name: 'redis',
    start: async () => {
      const ready = await isReady(redis, REDIS_PATIENCE_MS)
      if (!ready) resolve(T.LOG).warn('Redis does not answer: starting without it')
    },
    stop: () => redis.disconnect(),
  }
}
