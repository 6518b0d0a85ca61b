import { Secret } from '@atp/core/secret'
import { type RedisServer, redisForTests, startRedis } from '@atp/test-services'
import type { Redis } from 'ioredis'
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest'
import { connectRedis, isReady } from '../../src/redis/connect.ts'

// Asked only whether there is one: what is halted here is a server of our own.
const probe = await redisForTests()
afterAll(async () => void (probe.missing === null && (await probe.stop())))

const PATIENT_MS = 60_000

describe.skipIf(probe.missing !== null)(
  `a connection to a Redis that is not there yet${probe.missing ? ` (skipped: ${probe.missing})` : ''}`,
  () => {
    let server: RedisServer
    let redis: Redis

    beforeEach(async () => {
      server = await startRedis()
      await server.halt()
      redis = connectRedis({ url: new Secret(server.url), commandTimeoutMs: 500 })
    })

    afterEach(async () => {
      redis.disconnect()
      await server.stop()
    })

    it('is waited for through refusals, until it stands', async () => {
      const ready = isReady(redis, PATIENT_MS)
      for (let refusals = 0; refusals < 2; refusals += 1) await refused(redis)
      await server.resume()
      expect(await ready).toBe(true)
      expect(await isReady(redis, PATIENT_MS)).toBe(true)
    })

    it('is waited for no longer than one is patient', async () => {
      expect(await isReady(redis, 1)).toBe(false)
    })
  },
)

function refused(redis: Redis): Promise<void> {
  return new Promise(resolve => redis.once('error', () => resolve()))
}
