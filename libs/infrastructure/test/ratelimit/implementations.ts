/** Every implementation of the limiter's port, each with a clock that the test moves: in Redis it is a key beside the tenant's. */
import { Secret } from '@atp/core/secret'
import { InProcessLimiter, type LeaseOptions, type Limiter } from '@atp/domain/limit'
import { loadNative, type NativeModule, typescriptNative } from '@atp/native'
import { redisForTests, startRedisCluster } from '@atp/test-services'
import { Cluster, type Redis } from 'ioredis'
import { RedisLimiter } from '../../src/ratelimit/index.ts'
import { connectRedis } from '../../src/redis/connect.ts'

export interface Subject {
  readonly limiter: Limiter
  /** Moves the clock that decides for this tenant. */
  setTime(tenant: string, us: number): Promise<void>
}

export interface Implementation {
  readonly name: string
  /** It cannot run here; the name says why. */
  readonly missing: boolean
  create(leases?: Partial<LeaseOptions>): Subject
}

const PATIENT_MS = 20_000
const TEST_CLOCK = `tonumber(redis.call('GET', KEYS[1] .. ':now'))`

export async function implementations(): Promise<{
  readonly all: readonly Implementation[]
  stop(): Promise<void>
}> {
  const server = await redisForTests()
  if (server.missing !== null) {
    const absent = ['in Redis', 'in Redis Cluster'].map(name => notHere(name, server.missing))
    return { all: [...inThisProcess, ...absent], stop: async () => undefined }
  }
  const cluster = await startRedisCluster()
  const single = connectRedis({ url: new Secret(server.url), commandTimeoutMs: PATIENT_MS })
  const many = new Cluster(cluster.nodes.map(({ port }) => ({ host: '127.0.0.1', port })))
  await Promise.all(
    [single, many].map(client => new Promise<void>(ready => client.once('ready', () => ready()))),
  )
  const stop = async () => {
    single.disconnect()
    many.disconnect()
    await Promise.all([server.stop(), cluster.stop()])
  }
  const shared = [
    ['in Redis', single],
    ['in Redis Cluster', many],
  ] as const
  return { all: [...inThisProcess, ...shared.map(([name, redis]) => inRedis(name, redis))], stop }
}

/** The one on a single server, and a connection to look past it. */
export async function redisImplementation(): Promise<{
  readonly implementation: Implementation
  readonly redis: Redis | null
  stop(): Promise<void>
}> {
  const server = await redisForTests()
  if (server.missing !== null) {
    return { implementation: notHere('in Redis', server.missing), redis: null, stop: async () => undefined }
  }
  const redis = connectRedis({ url: new Secret(server.url), commandTimeoutMs: PATIENT_MS })
  await new Promise<void>(ready => redis.once('ready', () => ready()))
  const stop = async () => {
    redis.disconnect()
    await server.stop()
  }
  return { implementation: inRedis('in Redis', redis), redis, stop }
}

/** In TypeScript: what the others are compared with. */
export const inProcess = inProcessBy('in this process, TypeScript', typescriptNative)

const inThisProcess = [inProcess, inRust()]

function inRust(): Implementation {
  let reason = ''
  const native = loadNative({ env: {}, log: message => (reason = message) })
  const name = 'in this process, Rust'
  return native.implementation === 'rust' ? inProcessBy(name, native) : notHere(name, reason)
}

function inProcessBy(name: string, native: NativeModule): Implementation {
  return {
    name,
    missing: false,
    create: leases => {
      const times = { now: 0 }
      const limiter = new InProcessLimiter({ nowUs: () => times.now, native, ...leases })
      const setTime = async (_tenant: string, us: number) => {
        times.now = us
      }
      return { limiter, setTime }
    },
  }
}

function inRedis(name: string, redis: Redis | Cluster): Implementation {
  return {
    name,
    missing: false,
    create: leases => {
      const times = { now: 0 }
      const limiter = new RedisLimiter({
        redis,
        nowUs: () => times.now,
        newEpoch: () => 1 + Math.floor(Math.random() * 2 ** 50),
        timeoutMs: PATIENT_MS,
        clock: TEST_CLOCK,
        ...leases,
      })
      const setTime = async (tenant: string, us: number) => {
        times.now = us
        await redis.set(`atp:limits:1:{${tenant}}:now`, us, 'EX', 600)
      }
      return { limiter, setTime }
    },
  }
}

function notHere(name: string, reason: string): Implementation {
  const create = () => {
    throw new Error(reason)
  }
  return { name: `${name} (skipped: ${reason})`, missing: true, create }
}
