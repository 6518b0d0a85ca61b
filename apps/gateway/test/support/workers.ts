/** A gateway of several workers on one port, with a throwaway Redis of its own and a database. */
import { type RedisServer, startRedis } from '@atp/test-services'
import { freshKey, KeyedGateway } from './keyed-gateway.ts'
import type { Script } from './scripted-upstream.ts'

export interface GatewayOfWorkersOptions {
  readonly workers: number
  readonly databaseUrl: string
  readonly dataDir?: string
  readonly env?: Readonly<Record<string, string>>
  readonly script?: Script
}

export class GatewayOfWorkers implements AsyncDisposable {
  readonly redis: RedisServer
  readonly gateway: KeyedGateway

  private constructor(redis: RedisServer, gateway: KeyedGateway) {
    this.redis = redis
    this.gateway = gateway
  }

  static async start({
    workers,
    databaseUrl,
    dataDir,
    env,
    script,
  }: GatewayOfWorkersOptions): Promise<GatewayOfWorkers> {
    const redis = await startRedis()
    try {
      const gateway = await KeyedGateway.start({
        workers,
        adminKey: freshKey(),
        env: {
          REDIS_URL: redis.url,
          DATABASE_URL: databaseUrl,
          // Most tests are about who is admitted, not how soon.
          ATP_LIMITS_TIMEOUT: '30s',
          ...env,
        },
        models: ['small'],
        ...(dataDir === undefined ? {} : { dataDir }),
        ...(script === undefined ? {} : { script }),
      })
      return new GatewayOfWorkers(redis, gateway)
    } catch (error) {
      await redis.stop()
      throw error
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.gateway[Symbol.asyncDispose]()
    await this.redis.stop()
  }
}
