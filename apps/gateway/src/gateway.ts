/** The running gateway: its components in the order in which they start; they stop in reverse. */

import { parseDuration } from '@atp/core/config'
import type { AppContainer } from '@atp/core/container'
import { Lifecycle } from '@atp/core/lifecycle'
import { flushLogger } from '@atp/core/logging'
import type { AdapterRegistry } from '@atp/domain/adapter'
import type { FailoverLimiter } from '@atp/domain/limit'
import { recover } from '@atp/domain/observation'
import { isReady, type Redis } from '@atp/infrastructure/redis'
import { type App, buildApp } from './http/app.ts'
import type { CheckResult } from './http/readiness.ts'
import type { LateSettlements } from './limits/late-settlements.ts'
import { OutageWatch } from './limits/outage-watch.ts'
import { secretsCheck } from './secrets/secrets-check.ts'
import * as T from './tokens.ts'
import { VERSION } from './version.ts'

export class Gateway {
  readonly #container: AppContainer
  readonly #lifecycle: Lifecycle
  #draining = false
  #url = ''

  constructor(container: AppContainer) {
    this.#container = container
    this.#lifecycle = new Lifecycle({ log: container.resolve(T.LOG), clock: container.resolve(T.CLOCK) })
    this.#registerCheck()
    this.#addSecrets()
    this.#addDatabase()
    this.#addTenants()
    this.#addAdapters()
    this.#addRedis()
    this.#addLearning()
    this.#addJudging()
    this.#addLimits()
    this.#addHttp()
  }

  /** @returns the URL it listens at. @throws {AtpError} `start_failed`, with whatever had started stopped again */
  async start(): Promise<string> {
    await this.#lifecycle.start()
    return this.#url
  }

  /**
   * Serves on for the configured lag, not ready any more; then stops, within `shutdown.total` and a moment.
   * @throws {AggregateError} of what failed to stop, or was cut off; {Error} where something hangs: the process must be ended then
   */
  async stop(): Promise<void> {
    const log = this.#container.resolve(T.LOG)
    const { shutdown } = this.#container.resolve(T.CONFIG)
    this.#draining = true
    const lag = parseDuration(shutdown.lag)
    if (lag > 0) await new Promise(resolve => setTimeout(resolve, lag))
    try {
      await within(parseDuration(shutdown.total) + LAST_MOMENT_MS, this.#lifecycle.stop())
    } catch (error) {
      log.error({ err: error }, 'the gateway did not stop in good order')
      throw error
    } finally {
      await this.#container.dispose()
      await flushLogger(log)
    }
  }

  #registerCheck(): void {
    this.#container
      .resolve(T.READINESS)
      .register('gateway', () =>
        this.#draining ? { status: 'unavailable', detail: 'shutting down' } : { status: 'ok', detail: null },
      )
  }

  #addSecrets(): void {
    const secrets = this.#container.resolve(T.SECRETS)
    this.#container.resolve(T.READINESS).register('secrets', () => secretsCheck(secrets))
    this.#lifecycle.add({ name: 'secrets', stop: () => secrets.close() })
  }

  #addDatabase(): void {
    const database = this.#container.resolve(T.DATABASE)
    const total = parseDuration(this.#container.resolve(T.CONFIG).shutdown.total)
    this.#container.resolve(T.READINESS).register('database', () => {
      const { state, reason } = database.readiness()
      const status = state === 'ready' ? 'ok' : state === 'degraded' ? 'degraded' : 'unavailable'
      return { status, detail: reason }
    })
    this.#lifecycle.add({
      name: 'database',
      start: () => database.start(),
      // A third of the whole: what Postgres doesn't take by then stays in the journal.
      stop: () => database.stop(total / 3),
    })
  }

  #addTenants(): void {
    const { resolve } = this.#container
    if (!resolve(T.CONFIG).auth.enabled) return
    const follower = resolve(T.FOLLOWER)
    resolve(T.READINESS).register('tenants', () => follower.check())
    this.#lifecycle.add({
      name: 'tenants',
      start: () => follower.start(),
      stop: () => follower.stop(),
    })
  }

  #addAdapters(): void {
    const registry = this.#container.resolve(T.REGISTRY)
    const embedder = this.#container.resolve(T.EMBEDDER)
    this.#container.resolve(T.READINESS).register('adapters', () => adaptersCheck(registry))
    this.#lifecycle.add({
      name: 'adapters',
      stop: async () => {
        await Promise.all(registry.adapters().map(({ id }) => registry.unregister(id)))
        await embedder?.close()
      },
    })
  }

  #addRedis(): void {
    const redis = this.#container.resolve(T.REDIS)
    if (redis === null) return
    this.#lifecycle.add({
      name: 'redis',
      start: async () => {
        const ready = await isReady(redis, REDIS_PATIENCE_MS)
        if (!ready) this.#container.resolve(T.LOG).warn('Redis does not answer: starting without it')
      },
      stop: () => redis.disconnect(),
    })
  }

  #addLearning(): void {
    const { resolve } = this.#container
    const log = resolve(T.LOG)
    const database = resolve(T.DATABASE)
    const snapshots = resolve(T.SNAPSHOTS)
    const replicas = resolve(T.REPLICAS)
    if (replicas !== null) resolve(T.READINESS).register('replicas', () => replicas.readiness())
    const interval = parseDuration(resolve(T.CONFIG).observation.snapshot_interval)
    let timer: NodeJS.Timeout | undefined
    this.#lifecycle.add({
      name: 'learned state',
      start: async () => {
        const { snapshot, ...recovered } = await recover({
          snapshots: database.snapshots,
          observations: database.observations,
          learner: resolve(T.LEARNED),
          contexts: resolve(T.LEARNED).contexts,
          warn: message => log.warn(message),
        })
        resolve(T.OBSERVATIONS).resumeFrom(recovered.sequence)
        log.info(recovered, 'learned state recovered')
        await replicas?.start(snapshot)
        timer = setInterval(() => {
          snapshots.writeNow().catch(error => log.warn({ err: error }, 'the snapshot was not written'))
        }, interval)
      },
      stop: async () => {
        clearInterval(timer)
        await resolve(T.OBSERVATIONS).drain()
        await replicas?.stop()
        await snapshots.writeNow()
      },
    })
  }

  #addJudging(): void {
    const judging = this.#container.resolve(T.JUDGING)
    if (judging !== null) this.#lifecycle.add({ name: 'judging', stop: () => judging.stop() })
  }

  #addLimits(): void {
    const { resolve } = this.#container
    const redis = resolve(T.LIMITS_REDIS)
    const failover = resolve(T.FAILOVER)
    const replicas = resolve(T.REPLICA_COUNT)
    const heartbeat = resolve(T.HEARTBEAT)
    const late = resolve(T.LATE_SETTLEMENTS)
    const watch = failover === null ? null : new OutageWatch(failover)
    if (failover !== null && redis !== null) {
      resolve(T.READINESS).register('limits', () => limitsCheck(failover, redis))
    }
    this.#lifecycle.add({
      name: 'limits',
      start: async () => {
        // The same server: where it did not answer before, nobody waits for it again.
        if (redis !== null && resolve(T.REDIS)?.status === 'ready') await isReady(redis, REDIS_PATIENCE_MS)
        await replicas?.start()
        heartbeat.start()
        watch?.start()
        if (late !== null) this.#settleLate(late)
      },
      stop: async () => {
        late?.stop()
        await heartbeat.stop(SETTLEMENT_PATIENCE_MS)
        await watch?.stop(SETTLEMENT_PATIENCE_MS)
        replicas?.stop()
        redis?.disconnect()
      },
    })
  }

  /** Nothing waits for it. */
  #settleLate(late: LateSettlements): void {
    const log = this.#container.resolve(T.LOG)
    late.settle(this.#container.resolve(T.OBSERVATIONS).appliedSequence).then(
      settled => {
        if (settled > 0) log.info({ settled }, 'reservations of the process before were settled')
      },
      error => log.warn({ err: error }, 'reservations of the process before were not settled'),
    )
  }

  #addHttp(): void {
    const { resolve } = this.#container
    const config = resolve(T.CONFIG)
    let app: App | undefined
    this.#lifecycle.add({
      name: 'http',
      start: async () => {
        app = await buildApp({
          log: resolve(T.LOG),
          logRequests: config.log.requests,
          bodyLimit: config.server.body_limit_bytes,
          requestTimeoutMs: parseDuration(config.server.request_timeout),
          patienceMs: parseDuration(config.server.write_timeout),
          version: VERSION,
          clock: resolve(T.CLOCK),
          authenticator: resolve(T.AUTHENTICATOR),
          admin: { tenants: resolve(T.TENANTS), keys: resolve(T.KEYS), store: resolve(T.DATABASE).tenants },
          publicMetrics: config.auth.public_metrics,
          corridor: resolve(T.CORRIDOR),
          exchanges: resolve(T.EXCHANGES),
          feedback: resolve(T.FEEDBACK),
          registry: resolve(T.REGISTRY),
          readiness: resolve(T.READINESS),
          metrics: resolve(T.METRICS),
          scrape: resolve(T.SCRAPE),
        })
        this.#url = await app.listen({ host: config.server.host, port: config.server.port })
      },
      stop: async () => {
        if (app !== undefined) await closeWithin(app, (parseDuration(config.shutdown.total) * 2) / 3)
      },
    })
  }
}

/** A start waits so long for Redis. */
const REDIS_PATIENCE_MS = 2_000
/** A stop waits so long for the settlements of answers that it cut off. */
const SETTLEMENT_PATIENCE_MS = 500
/** For a component that ends at its own deadline, to say so. */
const LAST_MOMENT_MS = 1_000

/** @throws {Error} where it is not done in time, whatever still hangs */
async function within(deadlineMs: number, done: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const expired = new Promise<never>((_resolve, reject) => {
    const error = new Error(`the stop was given up after ${Math.round(deadlineMs)} ms`)
    timer = setTimeout(() => reject(error), deadlineMs)
  })
  await Promise.race([done, expired]).finally(() => clearTimeout(timer))
}

/** @throws {Error} where connections had to be cut, so that the exit code tells */
async function closeWithin(app: App, deadlineMs: number): Promise<void> {
  let cut = false
  const force = setTimeout(() => {
    cut = true
    app.server.closeAllConnections()
  }, deadlineMs)
  await app.close()
  clearTimeout(force)
  if (cut) throw new Error(`connections were cut: they did not end within ${Math.round(deadlineMs)} ms`)
}

/** Without traffic nobody finds out that Redis does not answer, but that its connection is gone. */
function limitsCheck(failover: FailoverLimiter, { status }: Redis): CheckResult {
  const { decides, backlog } = failover.state()
  if (decides === 'shared' && status === 'ready') return { status: 'ok', detail: null }
  const detail = `the limits that replicas share are ${decides === 'returning' ? 'coming back' : 'away'}: each tenant's policy decides, ${backlog} reservations wait to be told`
  return { status: 'degraded', detail }
}

function adaptersCheck(registry: AdapterRegistry): CheckResult {
  const arms = registry.arms()
  if (arms.length === 0) {
    return { status: 'unavailable', detail: 'no adapter is configured: add one under `adapters`' }
  }
  const open = registry.adapters().filter(({ id }) => registry.health(id)?.circuit === 'open')
  if (open.length === 0) return { status: 'ok', detail: null }
  return { status: 'degraded', detail: `circuit open: ${open.map(({ id }) => id).join(', ')}` }
}
