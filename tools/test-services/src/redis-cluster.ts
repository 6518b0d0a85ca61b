/** A throwaway Redis Cluster of three masters. */
import { setTimeout as delay } from 'node:timers/promises'
import { Redis } from 'ioredis'
import { freePort } from './free-port.ts'
import { type RedisServer, startRedis } from './redis-server.ts'

const SLOTS = 16_384
const MASTERS = 3
const DEADLINE_MS = 30_000
const POLL_MS = 20

export interface RedisCluster {
  readonly nodes: readonly RedisServer[]
  stop(): Promise<void>
}

/** @throws {Error} where the machine has no Redis, or the nodes do not find together within half a minute */
export async function startRedisCluster(): Promise<RedisCluster> {
  const nodes: RedisServer[] = []
  const stop = async () => void (await Promise.all(nodes.map(node => node.stop())))
  try {
    for (let count = 0; count < MASTERS; count += 1) {
      const bus = String(await freePort())
      nodes.push(await startRedis({ flags: ['--cluster-enabled', 'yes', '--cluster-port', bus] }))
    }
    await join(nodes)
    return { nodes, stop }
  } catch (error) {
    await stop()
    throw error
  }
}

async function join(nodes: readonly RedisServer[]): Promise<void> {
  const clients = nodes.map(({ url }) => new Redis(url))
  try {
    for (const [index, client] of clients.entries()) {
      const [first, next] = [index, index + 1].map(k => Math.floor((k * SLOTS) / MASTERS)) as [number, number]
      await client.call('CLUSTER', 'ADDSLOTSRANGE', first, next - 1)
    }
    const [leader, ...others] = clients as [Redis, ...Redis[]]
    for (const index of others.keys()) {
      const { port } = nodes[index + 1] as RedisServer
      await leader.call('CLUSTER', 'MEET', '127.0.0.1', port, await busOf(others[index] as Redis))
    }
    await Promise.all(clients.map(isJoined))
  } finally {
    for (const client of clients) client.disconnect()
  }
}

async function busOf(client: Redis): Promise<string> {
  const [, port] = (await client.config('GET', 'cluster-port')) as [string, string]
  return port
}

async function isJoined(client: Redis): Promise<void> {
  const deadline = Date.now() + DEADLINE_MS
  for (;;) {
    const found = String(await client.call('CLUSTER', 'INFO'))
    if (found.includes('cluster_state:ok') && found.includes(`cluster_known_nodes:${MASTERS}`)) return
    if (Date.now() > deadline) throw new Error(`the cluster did not find together: ${found}`)
    await delay(POLL_MS)
  }
}
