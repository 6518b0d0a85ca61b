import { randomUUID } from 'node:crypto'
import { Secret } from '@atp/core/secret'
import { type RedisServer, redisForTests, startRedis } from '@atp/test-services'
import type { Redis } from 'ioredis'
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest'
import { Channel } from '../../src/redis/channel.ts'
import { connectRedis, isReady } from '../../src/redis/connect.ts'

// Asked only whether there is one: what is halted here is a server of our own.
const probe = await redisForTests()
afterAll(async () => void (probe.missing === null && (await probe.stop())))

const PATIENT_MS = 20_000

describe.skipIf(probe.missing !== null)('a channel', () => {
  let server: RedisServer
  let redis: Redis
  let channel: Channel

  beforeEach(async () => {
    server = await startRedis()
    redis = connectRedis({ url: new Secret(server.url), commandTimeoutMs: PATIENT_MS })
    await isReady(redis, PATIENT_MS)
    channel = new Channel(redis, 'test')
  })

  afterEach(async () => {
    channel.close()
    redis.disconnect()
    await server.stop()
  })

  it('carries what is said to all who listen, and nothing that is no JSON', async () => {
    const heard: unknown[] = []
    await channel.listen(message => heard.push(message))
    await redis.publish('test', '{')
    await channel.say({ said: 1 })
    await expect.poll(() => heard).toEqual([{ said: 1 }])
  })

  it('is heard again when Redis is back', async () => {
    const heard = new Set<unknown>()
    await channel.listen(message => heard.add(message))
    await server.halt()
    await server.resume()
    const name = randomUUID()
    await expect
      .poll(async () => {
        await channel.say(name).catch(() => undefined)
        return heard.has(name)
      })
      .toBe(true)
  })

  it('is waited for by nobody where Redis is away', async () => {
    await server.halt()
    await channel.listen(() => undefined)
    await expect(channel.say('?')).rejects.toThrow()
  })
})
