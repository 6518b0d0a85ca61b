import { Secret } from '@atp/core/secret'
import { type RedisServer, redisForTests, startRedis } from '@atp/test-services'
import type { Redis } from 'ioredis'
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest'
import { connectRedis, isReady } from '../../src/redis/connect.ts'
import { addressWithCredentials } from '../../src/secrets/index.ts'
import { type FollowedSecrets, followed } from '../secrets/followed-source.ts'

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

describe.skipIf(probe.missing !== null)(
  `a connection whose credentials are rotated${probe.missing ? ` (skipped: ${probe.missing})` : ''}`,
  () => {
    let server: RedisServer
    let root: Redis

    beforeEach(async () => {
      server = await startRedis()
      root = connectRedis({ url: new Secret(server.url), commandTimeoutMs: PATIENT_MS })
      await isReady(root, PATIENT_MS)
      await root.acl('SETUSER', 'rotated', 'on', '>one', '~*', '+@all')
    })

    afterEach(async () => {
      root.disconnect()
      await server.stop()
    })

    const connected = async (secrets: FollowedSecrets) => {
      const url = addressWithCredentials(
        new Secret(server.url),
        secrets.secret('user'),
        secrets.secret('password'),
      )
      const redis = connectRedis({ url, commandTimeoutMs: PATIENT_MS })
      expect(await isReady(redis, PATIENT_MS)).toBe(true)
      return redis
    }

    it('takes the new ones on as it stands, without a failed command, and connects with them', async () => {
      await using secrets = await followed({ user: 'rotated', password: 'one' })
      const redis = await connected(secrets)
      await root.acl('SETUSER', 'second', 'on', '>two', '~*', '+@all')
      const commands = Array.from({ length: 50 }, () => redis.ping())
      secrets.replace({ user: 'second', password: 'two' })
      await expect.poll(() => redis.acl('WHOAMI')).toBe('second')
      commands.push(...Array.from({ length: 50 }, () => redis.ping()))
      await root.acl('DELUSER', 'rotated')
      expect(await Promise.all(commands)).toEqual(Array(100).fill('PONG'))
      const closed = new Promise(resolve => redis.once('close', resolve))
      await root.client('KILL', 'USER', 'second')
      await closed
      expect(await isReady(redis, PATIENT_MS)).toBe(true)
      expect(await redis.acl('WHOAMI')).toBe('second')
      redis.disconnect()
    })

    it('reads those again that Redis refuses', async () => {
      await using secrets = await followed({ user: 'rotated', password: 'one' })
      const redis = await connected(secrets)
      await root.acl('SETUSER', 'rotated', '>two', '<one')
      secrets.replace({ user: 'rotated', password: 'two' }, 'silently')
      const closed = new Promise(resolve => redis.once('close', resolve))
      await root.client('KILL', 'USER', 'rotated')
      await closed
      expect(await isReady(redis, PATIENT_MS)).toBe(true)
      redis.disconnect()
    })
  },
)
