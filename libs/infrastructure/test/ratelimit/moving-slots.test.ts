/**
 * A tenant's slot that has moved from one server of a cluster to another: calls follow it, and count once. While it moves, Redis refuses
 * calls of two keys that are not there yet, and each tenant's policy decides.
 */
import { redisForTests, startRedisCluster } from '@atp/test-services'
import { Cluster, Redis } from 'ioredis'
import { afterAll, expect, it } from 'vitest'
import { RedisLimiter } from '../../src/ratelimit/index.ts'
import { admission, concurrent, MINUTE, sliding } from './limits.ts'

// Asked only whether there is one: the cluster is our own.
const probe = await redisForTests()
afterAll(async () => void (probe.missing === null && (await probe.stop())))

it.skipIf(probe.missing !== null)(
  'calls follow a slot that has moved, also with the first of its scripts that the server has not',
  async () => {
    const cluster = await startRedisCluster()
    const servers = cluster.nodes.map(({ port }) => new Redis({ port, host: '127.0.0.1' }))
    const redis = new Cluster(cluster.nodes.map(({ port }) => ({ host: '127.0.0.1', port })))
    try {
      await new Promise<void>(ready => redis.once('ready', () => ready()))
      const limiter = new RedisLimiter({
        redis,
        nowUs: () => 1_000 * Date.now(),
        newEpoch: () => 1,
        timeoutMs: 20_000,
      })
      const slot = await redis.cluster('KEYSLOT', '{t}')
      const ids = await Promise.all(servers.map(server => server.cluster('MYID') as Promise<string>))
      const owners = await Promise.all(
        servers.map(server =>
          server.exists('{t}').then(
            () => true,
            () => false,
          ),
        ),
      )
      const from = owners.indexOf(true)
      const to = (from + 1) % servers.length
      const [source, target] = [servers[from] as Redis, servers[to] as Redis]
      const limits = [sliding('requests', 9, MINUTE), concurrent(9)]
      const ask = async (reservation: string) => {
        const verdict = await limiter.admit(admission('t', limits, { reservation }))
        return verdict.kind === 'admitted'
          ? verdict.levels.map(({ used, reserved }) => used + reserved)
          : verdict
      }
      const give = async (id: string) => {
        for (const server of [target, source]) await server.cluster('SETSLOT', slot, 'NODE', id)
      }
      await give(ids[to] as string)
      // The client does not know yet: the one that had the slot says who has it.
      expect(await ask('a')).toEqual([1, 1])
      expect(await ask('b')).toEqual([2, 2])
      expect(await limiter.release('t', 'a')).toBe('settled')
      expect(await ask('c')).toEqual([3, 2])
      expect(await target.exists('atp:limits:1:{t}')).toBe(1)
    } finally {
      redis.disconnect()
      for (const server of servers) server.disconnect()
      await cluster.stop()
    }
  },
)
