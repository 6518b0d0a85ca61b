/** What a gateway has of limits, without the gateway: replicas on one Redis, with a journal and a database that the test moves. */
import { randomUUID } from 'node:crypto'
import { type ManualClock, systemClock } from '@atp/core/clock'
import type { ArmId } from '@atp/core/ids'
import { Secret } from '@atp/core/secret'
import {
  AWAY_DEFAULT,
  FailoverLimiter,
  InProcessLimiter,
  type Settlement,
  type Verdict,
} from '@atp/domain/limit'
import { type Tenant, TenantLimits, type Usage, type UsageQuery } from '@atp/domain/tenant'
import { RedisLimiter } from '@atp/infrastructure/ratelimit'
import { Channel, connectRedis, isReady, ReplicaCount } from '@atp/infrastructure/redis'
import { typescriptNative } from '@atp/native'
import { CallBook } from '../../src/limits/call-book.ts'
import { Peers } from '../../src/limits/peers.ts'
import { RecordProgress } from '../../src/limits/record-progress.ts'
import { SpendHistory } from '../../src/limits/spend-history.ts'
import { KEY } from '../limits/limit-reports.ts'

const PATIENT_MS = 20_000
export const ARM = { id: 'up/small' as ArmId, model: 'small' }

/** What all replicas have recorded. */
export interface SharedRecord {
  readonly rows: Recorded[]
}

interface Recorded {
  readonly id: string
  readonly cost: number
  readonly at: number
}

export interface ReplicaOptions {
  readonly url: string
  readonly tenant: Tenant
  readonly record: SharedRecord
  /** Of silences: the test moves it. */
  readonly clock: ManualClock
}

export class LimitingReplica implements AsyncDisposable {
  readonly limiter: FailoverLimiter
  readonly calls: CallBook
  /** Committed, and not in the database yet. */
  readonly journal: Recorded[] = []
  readonly #tenant: Tenant
  readonly #record: SharedRecord
  readonly #peers: Peers
  readonly #replicas: ReplicaCount
  readonly #history: SpendHistory
  readonly #connections
  #said = 0
  #committed = 0
  #drained = 0

  private constructor({ url, tenant, record, clock }: ReplicaOptions) {
    this.#tenant = tenant
    this.#record = record
    this.#connections = [0, 1].map(() => connectRedis({ url: new Secret(url), commandTimeoutMs: PATIENT_MS }))
    const [limits, redis] = this.#connections as [
      ReturnType<typeof connectRedis>,
      ReturnType<typeof connectRedis>,
    ]
    const now = () => clock.monotonic()
    const name = randomUUID()
    const nowUs = () => 1_000 * Date.now()
    const newEpoch = () => 1 + Math.floor(Math.random() * 2 ** 50)
    this.limiter = new FailoverLimiter({
      shared: new RedisLimiter({ redis: limits, nowUs, timeoutMs: PATIENT_MS, newEpoch }),
      local: new InProcessLimiter({ nowUs, native: typescriptNative, guarded: false }),
      policyOf: () => AWAY_DEFAULT,
      replicas: () => this.#replicas.known,
      now: () => performance.now(),
      newId: randomUUID,
    })
    const database = {
      drainStatus: () => ({
        connected: true,
        lag: this.#committed - this.#drained,
        last: this.#committed,
        drained: this.#drained,
      }),
    }
    const { limiter } = this
    const progress = new RecordProgress(database, clock)
    this.calls = new CallBook({ limiter, failover: limiter, record: progress, now })
    this.#replicas = new ReplicaCount(redis, 'atp', name, now)
    const channel = new Channel(redis, 'atp:peers')
    this.#peers = new Peers({
      channel: {
        listen: hear => channel.listen(hear),
        say: message => {
          this.#said += 1
          return channel.say(message)
        },
        close: () => channel.close(),
      },
      replicas: this.#replicas,
      self: name,
      floor: 1,
      declare: id => this.calls.declare(id),
      newId: randomUUID,
      now,
      warn: () => undefined,
    })
    this.#history = new SpendHistory({
      limiter,
      usage: async query => this.#usage(query),
      calls: this.calls,
      peers: this.#peers,
      tenant: () => tenant,
      arm: () => ARM,
      clock: systemClock,
    })
  }

  static async start(options: ReplicaOptions): Promise<LimitingReplica> {
    const replica = new LimitingReplica(options)
    for (const redis of replica.#connections) await isReady(redis, PATIENT_MS)
    await replica.#peers.start()
    await replica.#replicas.start()
    replica.calls.start()
    return replica
  }

  get others(): number {
    return this.#replicas.others.length
  }

  /** How often it has said something to the others. */
  get said(): number {
    return this.#said
  }

  /** As the corridor does: what is stale is summed up first. @returns null where it is refused */
  async admit(id: string, cost: number): Promise<Verdict> {
    const limits = new TenantLimits().of(this.#tenant, { key: KEY, arm: ARM })
    const admission = {
      tenant: this.#tenant.id,
      reservation: id,
      limits,
      estimate: { tokens: 0, cost },
      requests: 1,
      leaseMs: 60_000,
    }
    let verdict = await this.limiter.admit(admission)
    if (verdict.kind === 'stale') {
      await this.#history.rebuild(this.#tenant)
      verdict = await this.limiter.admit(admission)
    }
    if (verdict.kind === 'admitted') this.calls.admitted(admission, KEY, ARM.id)
    return verdict
  }

  /** Its answer is there: it is settled, and its observation goes on its way. */
  async end(id: string, cost: number): Promise<Settlement> {
    const settlement = this.calls.settle(this.#tenant.id, id, { tokens: 0, cost })
    this.journal.push({ id, cost, at: Date.now() })
    this.#committed += 1
    this.calls.recorded(this.#tenant.id, [{ id }])
    return settlement
  }

  /** The journal goes to the database. */
  drain(): void {
    this.#record.rows.push(...this.journal.splice(0))
    this.#drained = this.#committed
  }

  /** As after a kill: it says nothing any more. */
  die(): void {
    this.#replicas.stop()
    this.#peers.stop()
    for (const redis of this.#connections) redis.disconnect()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.calls.stop()
    this.die()
  }

  #usage({ from, until, without = [] }: UsageQuery): Usage[] {
    const counted = this.#record.rows.filter(
      ({ id, at }) => at >= from && at < until && !without.includes(id),
    )
    const costMicroUsd = counted.reduce((sum, { cost }) => sum + cost, 0)
    const row = { day: '', tenant: this.#tenant.id, key: KEY, arm: ARM.id, inputTokens: 0, outputTokens: 0 }
    return [{ ...row, calls: counted.length, costMicroUsd }]
  }
}
