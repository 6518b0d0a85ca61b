/**
 * Limits that all replicas share: one script call a decision, on one server or on a cluster. All keys of a tenant lie in one slot.
 * The server's clock decides; a replica's own is only asked which calendar periods are near. No call waits longer than its time-out.
 */
import { AtpError } from '@atp/core/errors'
import { epochMs } from '@atp/core/units'
import {
  type Admission,
  Calendar,
  type Counter,
  checkCounters,
  checkLease,
  checkSpend,
  checkTenant,
  type Epoch,
  LEASE_DEFAULTS,
  type LeaseOptions,
  type Limiter,
  LimitPreparer,
  type PreparedLimit,
  type Settlement,
  type Spend,
  SWEPT_AT_ONCE,
  type Sweep,
  type Verdict,
} from '@atp/domain/limit'
import type { Cluster, Redis } from 'ioredis'
import { decodeAdmission, decodeSettlement } from './decode.ts'
import { AdmitArguments } from './encode.ts'
import { LatestWrites } from './latest-writes.ts'
import { OneWriteATurn } from './one-write-a-turn.ts'
import { ScriptCall, type Written, written } from './script-call.ts'
import { SERVER_CLOCK, scriptsFor } from './scripts.ts'
import { within } from './within.ts'

/** What is stored changes only together with this number. */
const LAYOUT = 1

type Keyed<Answer> = (hash: string, set: string, ...args: (string | number)[]) => Promise<Answer>

/** The commands that `defineCommand` adds: EVALSHA, and EVAL where the server does not know the script. */
interface LimitCommands {
  readonly atpRenew: Keyed<number>
  readonly atpSweep: Keyed<string[]>
  readonly atpInvalidate: Keyed<number>
  readonly atpRebuild: Keyed<number>
  readonly atpForget: Keyed<[cursor: string, forgotten: string]>
}

export interface RedisLimiterOptions extends Partial<LeaseOptions> {
  /** A connection of its own, which fails at once where Redis is away. */
  readonly redis: Redis | Cluster
  /** Names the gateway among those that share the Redis; `atp` where nothing is said. */
  readonly prefix?: string
  /** This process's clock, microseconds since 1970: it may be off by hours. */
  readonly nowUs: () => number
  /** Milliseconds after which a call is given up. */
  readonly timeoutMs?: number
  /** Random integers from 1 to 2^52 that name epochs. */
  readonly newEpoch: () => number
  /** Lua for the time in microseconds; the server's own by default. */
  readonly clock?: string
}

const TIMEOUT_MS = 50
/** The epoch of counters that are still to be summed up. */
const NOT_BEGUN = 0

export class RedisLimiter implements Limiter {
  readonly #redis: (Redis | Cluster) & LimitCommands
  readonly #options
  readonly #leases: LeaseOptions
  readonly #limits = new LimitPreparer()
  readonly #calendar = new Calendar()
  readonly #latest = new LatestWrites()
  readonly #writes: OneWriteATurn
  readonly #admitted: ScriptCall
  readonly #settled: ScriptCall
  readonly #arguments: AdmitArguments

  constructor({
    redis,
    prefix = 'atp',
    nowUs,
    newEpoch,
    timeoutMs = TIMEOUT_MS,
    clock = SERVER_CLOCK,
    ...leases
  }: RedisLimiterOptions) {
    const { admit, settle, renew, sweep, invalidate, rebuild, forget } = scriptsFor(clock)
    const commands = {
      atpRenew: renew,
      atpSweep: sweep,
      atpInvalidate: invalidate,
      atpRebuild: rebuild,
      atpForget: forget,
    }
    for (const [name, lua] of Object.entries(commands)) redis.defineCommand(name, { numberOfKeys: 2, lua })
    this.#redis = redis as (Redis | Cluster) & LimitCommands
    this.#admitted = new ScriptCall(redis, admit)
    this.#settled = new ScriptCall(redis, settle)
    this.#writes = new OneWriteATurn(redis)
    this.#options = { nowUs, newEpoch, timeoutMs, prefix: `${prefix}:limits:${LAYOUT}` }
    this.#leases = { ...LEASE_DEFAULTS, ...leases }
    this.#arguments = new AdmitArguments(this.#leases, this.#calendar)
  }

  async admit(admission: Admission): Promise<Verdict> {
    return this.#count(admission, this.#limits.admission(admission), false)
  }

  async recount(admission: Admission): Promise<void> {
    await this.#count(admission, this.#limits.recounted(admission), true)
  }

  async settle(tenant: string, reservation: string, spent: Spend): Promise<Settlement> {
    checkTenant(tenant)
    checkSpend(spent)
    const answer = await this.#run(this.#settled, tenant, written([reservation, spent.tokens, spent.cost]))
    const { settlement, latest } = decodeSettlement(answer)
    this.#latest.saw(tenant, latest)
    return settlement
  }

  release(tenant: string, reservation: string): Promise<Settlement> {
    return this.settle(tenant, reservation, { tokens: 0, cost: 0 })
  }

  async renew(tenant: string, reservation: string, leaseMs: number): Promise<boolean> {
    checkTenant(tenant)
    checkLease(leaseMs)
    const args = [reservation, 1_000 * leaseMs, 1_000 * this.#leases.lateMs]
    return (await this.#call(tenant, this.#redis.atpRenew, args)) === 1
  }

  async sweep(tenant: string): Promise<Sweep> {
    checkTenant(tenant)
    const { lateMs, inFlightMax } = this.#leases
    const args = [SWEPT_AT_ONCE, 1_000 * lateMs, inFlightMax]
    const provisional = await this.#call(tenant, this.#redis.atpSweep, args)
    return { provisional, more: provisional.length === SWEPT_AT_ONCE }
  }

  async epoch(tenant: string): Promise<Epoch | null> {
    checkTenant(tenant)
    const head = await this.#timed(this.#redis.hgetBuffer(this.#keysOf(tenant)[0], 'h'))
    const id = head === null ? 0 : head.readDoubleLE(40)
    const latestUs = head === null ? 0 : head.readDoubleLE(0)
    if (id <= 0 || latestUs < this.#latest.of(tenant)) return null
    return { id, asOf: epochMs(Math.floor(latestUs / 1_000)) }
  }

  async discard(tenant: string): Promise<void> {
    checkTenant(tenant)
    await this.#call(tenant, this.#redis.atpRebuild, [NOT_BEGUN, this.#latest.of(tenant)])
  }

  async invalidate(tenant: string): Promise<void> {
    checkTenant(tenant)
    await this.#call(tenant, this.#redis.atpInvalidate, [])
  }

  async rebuild(tenant: string, counters: readonly Counter[]): Promise<boolean> {
    checkTenant(tenant)
    const now = this.#options.nowUs()
    const prepared = checkCounters(counters, this.#limits)
    const args: (string | number)[] = [this.#options.newEpoch(), this.#latest.of(tenant)]
    for (const [index, { name, limit }] of prepared.entries()) {
      if (limit.kind !== 'calendar') continue
      args.push(name, (counters[index] as Counter).settled, ...this.#calendar.periodsOf(limit, now))
    }
    return (await this.#call(tenant, this.#redis.atpRebuild, args)) === 1
  }

  /** A part of the hash a call, so that none of them takes long. */
  async forget(tenant: string): Promise<number> {
    checkTenant(tenant)
    const { lateMs, inFlightMax } = this.#leases
    let [cursor, all] = ['0', 0]
    do {
      const args = [cursor, SWEPT_AT_ONCE, 1_000 * lateMs, inFlightMax]
      const [next, forgotten] = await this.#call(tenant, this.#redis.atpForget, args)
      cursor = next
      all += Number(forgotten)
    } while (cursor !== '0')
    return all
  }

  async #count(
    admission: Admission,
    levels: readonly PreparedLimit[],
    recounting: boolean,
  ): Promise<Verdict> {
    const { tenant } = admission
    const guarded = !recounting && levels.some(({ guarded, limit }) => guarded && limit.shadow !== true)
    const known = guarded ? this.#latest.of(tenant) : -1
    const args = this.#arguments.of(admission, levels, recounting, known, this.#options.nowUs())
    const answer = await this.#run(this.#admitted, tenant, args)
    const leased = levels.some(({ leased }) => leased)
    const { verdict, latest } = decodeAdmission(answer, levels, leased, this.#leases.inFlightMax)
    if (guarded) this.#latest.saw(tenant, latest)
    return verdict
  }

  /** All keys of a tenant lie in one slot of a cluster. */
  #keysOf(tenant: string): readonly [hash: string, set: string] {
    const hash = `${this.#options.prefix}:{${tenant}}`
    return [hash, `${hash}:due`]
  }

  #run(script: ScriptCall, tenant: string, args: Written): Promise<Buffer> {
    this.#writes.gather()
    return this.#timed(script.run(this.#keysOf(tenant), args))
  }

  #call<Answer>(tenant: string, command: Keyed<Answer>, args: readonly (string | number)[]): Promise<Answer> {
    const [hash, set] = this.#keysOf(tenant)
    this.#writes.gather()
    return this.#timed(command.call(this.#redis, hash, set, ...args))
  }

  async #timed<Answer>(answer: Promise<Answer>): Promise<Answer> {
    try {
      return await within(this.#options.timeoutMs, answer)
    } catch (cause) {
      // A word of our scripts: the server is well, but what was asked cannot be counted.
      const refusal = /\bATP(?:CLOCK|RANGE) ([^\n]*?)(?: script:|$)/.exec(
        cause instanceof Error ? cause.message : '',
      )
      if (refusal !== null) throw new AtpError('internal', { detail: refusal[1] as string, cause })
      throw new AtpError('limits_unavailable', {
        detail: 'the limits that all replicas share do not answer',
        cause,
      })
    }
  }
}
