import { Cluster } from 'ioredis'
import { describe, expect, it } from 'vitest'
import { startRedisCluster } from '../src/redis-cluster.ts'
import { findRedis } from '../src/redis-server.ts'

describe.skipIf(findRedis() === null)('a throwaway Redis Cluster', () => {
  it('keeps keys on all of its three masters', async () => {
    const cluster = await startRedisCluster()
    const client = new Cluster(cluster.nodes.map(({ port }) => ({ host: '127.0.0.1', port })))
    try {
      await Promise.all(Array.from({ length: 60 }, (_, key) => client.set(`key ${key}`, key)))
      const sizes = await Promise.all(client.nodes('master').map(node => node.dbsize()))
      expect(sizes).toHaveLength(3)
      expect(Math.min(...sizes)).toBeGreaterThan(0)
      expect(sizes.reduce((a, b) => a + b)).toBe(60)
    } finally {
      client.disconnect()
      await cluster.stop()
    }
  })
})
