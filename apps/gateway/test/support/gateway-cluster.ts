/** Several gateways that share a throwaway Redis of their own and a database: replicas, as far as their tenants can tell. */
import { type PostgresForTests, type RedisServer, startRedis } from '@atp/test-services'
import { expect } from 'vitest'
import { freshKey, KeyedGateway, type MadeKey } from './keyed-gateway.ts'
import { get } from './post.ts'
import type { Script } from './scripted-upstream.ts'

const patience = { timeout: 30_000 }

export interface ClusterOptions {
  readonly size: number
  readonly postgres: PostgresForTests
  /** What a request waits for Redis. More processes than processors: most tests are about who is admitted, not how soon. */
  readonly timeout: string
  readonly env?: Readonly<Record<string, string>>
  readonly script?: Script
}

export class GatewayCluster implements AsyncDisposable {
  readonly redis: RedisServer
  readonly gateways: KeyedGateway[] = []

  private constructor(redis: RedisServer) {
    this.redis = redis
  }

  static async start({ size, postgres, timeout, env, script }: ClusterOptions): Promise<GatewayCluster> {
    if (postgres.missing !== null) throw new Error(postgres.missing)
    const cluster = new GatewayCluster(await startRedis())
    try {
      const options = {
        adminKey: freshKey(),
        env: {
          REDIS_URL: cluster.redis.url,
          DATABASE_URL: await postgres.createDatabase(),
          ATP_LIMITS_TIMEOUT: timeout,
          ...env,
        },
        models: ['small'],
        ...(script === undefined ? {} : { script }),
      }
      for (let at = 0; at < size; at++) cluster.gateways.push(await KeyedGateway.start(options))
      return cluster
    } catch (error) {
      await cluster[Symbol.asyncDispose]()
      throw error
    }
  }

  /** The requests of a test, spread over the replicas. */
  at(index: number): KeyedGateway {
    return this.gateways[index % this.gateways.length] as KeyedGateway
  }

  /** A tenant that all of them know, and a data key of it. */
  async tenant(id: string, settings: Record<string, unknown>): Promise<MadeKey> {
    const made = await this.at(0).tenant(id, settings)
    const headers = { authorization: `Bearer ${made.key}` }
    for (const { url } of this.gateways) {
      const status = async () => (await fetch(`${url}/v1/models`, { headers })).status
      await expect.poll(status, patience).toBe(200)
    }
    return made
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const gateway of this.gateways) await gateway[Symbol.asyncDispose]()
    await this.redis.stop()
  }
}

export async function readiness(gateway: KeyedGateway): Promise<string> {
  return (await get<{ status: string }>(gateway, '/readyz')).body.status
}
