import { Secret } from '@atp/core/secret'
import { type RedisServer, redisForTests, startRedis } from '@atp/test-services'
import type { Redis } from 'ioredis'
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest'
import { connectRedis, isReady } from '../../src/redis/connect.ts'
import { EvictionWatch } from '../../src/redis/eviction-watch.ts'

// Asked only whether there is one: what is configured here is a server of our own.
const probe = await redisForTests()
afterAll(async () => void (probe.missing === null && (await probe.stop())))

const PATIENT_MS = 20_000

describe.skipIf(probe.missing !== null)('what Redis may evict', () => {
  let server: RedisServer
  let redis: Redis
  let warned: string[]
  let watch: EvictionWatch

  beforeEach(async () => {
    server = await startRedis()
    redis = connectRedis({ url: new Secret(server.url), commandTimeoutMs: PATIENT_MS })
    warned = []
    watch = new EvictionWatch(redis, policy => warned.push(policy))
    await isReady(redis, PATIENT_MS)
  })

  afterEach(async () => {
    redis.disconnect()
    await server.stop()
  })

  it('is nothing as a server comes', async () => {
    await watch.look()
    expect([watch.policy, warned]).toEqual([null, []])
  })

  it('is warned of, also when another server answers', async () => {
    await redis.config('SET', 'maxmemory-policy', 'allkeys-lru')
    redis.disconnect(true)
    await expect.poll(() => warned).toEqual(['allkeys-lru'])
    expect(watch.policy).toBe('allkeys-lru')
    await redis.config('SET', 'maxmemory-policy', 'noeviction')
    redis.disconnect(true)
    await expect.poll(() => watch.policy).toBeNull()
  })

  it('is not known where the question is forbidden', async () => {
    await redis.config('SET', 'maxmemory-policy', 'allkeys-lru')
    await redis.call('ACL', 'SETUSER', 'default', '-config')
    await watch.look()
    expect([watch.policy, warned]).toEqual([null, []])
  })
})
