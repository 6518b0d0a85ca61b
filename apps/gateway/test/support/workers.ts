/** A gateway of several workers on one port, with a database, and a throwaway Redis of its own where it has one. */
import { type RedisServer, startRedis } from '@atp/test-services'
import { freshKey, KeyedGateway } from './keyed-gateway.ts'
import type { Script } from './scripted-upstream.ts'

export interface GatewayOfWorkersOptions {
  readonly workers: number
  readonly databaseUrl: string
  readonly dataDir?: string
  /** Without it the primary holds what they share. */
  readonly withRedis: boolean
  readonly env?: Readonly<Record<string, string>>
  readonly script?: Script
}

export class GatewayOfWorkers implements AsyncDisposable {
  readonly redis: RedisServer | null
  readonly gateway: KeyedGateway

  private constructor(redis: RedisServer | null, gateway: KeyedGateway) {
    this.redis = redis
    this.gateway = gateway
  }

  static async start({
    workers,
    databaseUrl,
    dataDir,
    withRedis,
    env,
    script,
  }: GatewayOfWorkersOptions): Promise<GatewayOfWorkers> {
    const redis = withRedis ? await startRedis() : null
    try {
      const gateway = await KeyedGateway.start({
        workers,
        adminKey: freshKey(),
        env: {
          ...(redis === null ? {} : { REDIS_URL: redis.url }),
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
      await redis?.stop()
      throw error
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.gateway[Symbol.asyncDispose]()
    await this.redis?.stop()
  }
}
