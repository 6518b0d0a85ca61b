/**
 * The calls of this replica that the record does not have yet: from their admission until what they came to is committed. Where the
 * counters of their tenant were lost, they are reserved anew, and left out of what the record is summed to, so that each counts once.
 *
 * Invariant: a call that was told for a sum is settled only when the counters are begun again from it. Until then it counts as
 * reserved: a settlement between would be in neither, because what is summed up takes the place of what was settled.
 */
import type { KeyId } from '@atp/core/ids'
import {
  type Admission,
  type FailoverLimiter,
  type Limit,
  type Limiter,
  levelName,
  type Settlement,
  type Spend,
} from '@atp/domain/limit'
import type { RecordProgress } from './record-progress.ts'

/** One that counts as reserved, and that the record must not count, too. */
export interface PledgedCall {
  readonly id: string
  readonly key: KeyId | null
  readonly arm: string
  readonly estimate: Spend
  /** Names of the calendar levels in which it counts: not those of quotas that are newer. */
  readonly levels: readonly string[]
}

export interface CallBookOptions {
  readonly limiter: Pick<Limiter, 'settle' | 'recount' | 'renew' | 'epoch'>
  /** What the shared limits were not told while they were away is told first; null where limits are in this process alone. */
  readonly failover: Pick<FailoverLimiter, 'probe'> | null
  readonly record: Pick<RecordProgress, 'committed' | 'complete'>
  /** Monotonic milliseconds. */
  readonly now: () => number
}

interface Call {
  readonly admission: Admission
  readonly key: KeyId | null
  readonly arm: string
  spent: Spend | null
  /** The record has it, or will never have anything of it. */
  recorded: boolean
  pledged: boolean
}

const LOOK_EVERY_MS = 250
/** A pledge must not expire while all that was spent is summed up. */
const PLEDGE_LEASE_MS = 60_000
const RENEW_EVERY_MS = 15_000

export class CallBook {
  readonly #options: CallBookOptions
  readonly #calls = new Map<string, Map<string, Call>>()
  /** Tenants with pledged calls, and when these are renewed next. */
  readonly #pledged = new Map<string, number>()
  #timer: NodeJS.Timeout | undefined
  #looking: Promise<void> | null = null

  constructor(options: CallBookOptions) {
    this.#options = options
  }

  /** How many the record does not have. */
  get size(): number {
    let size = 0
    for (const calls of this.#calls.values()) size += calls.size
    return size
  }

  admitted(admission: Admission, key: KeyId | null, arm: string): void {
    const { tenant, reservation } = admission
    let calls = this.#calls.get(tenant)
    if (calls === undefined) {
      calls = new Map()
      this.#calls.set(tenant, calls)
    }
    calls.set(reservation, { admission, key, arm, spent: null, recorded: false, pledged: false })
  }

  async settle(tenant: string, reservation: string, spent: Spend): Promise<Settlement> {
    const call = this.#calls.get(tenant)?.get(reservation)
    if (call !== undefined) {
      call.spent = spent
      // Nothing of it is summed, whether there is a record or not.
      if (spent.tokens === 0 && spent.cost === 0) this.#isRecorded(tenant, call)
      if (call.pledged) return 'deferred'
    }
    return this.#options.limiter.settle(tenant, reservation, spent)
  }

  recount(admission: Admission): Promise<void> {
    return this.#options.limiter.recount(admission)
  }

  /** These calls' observations are committed, or will never be. */
  recorded(tenant: string, attempts: readonly { readonly id: string }[]): void {
    this.#options.record.committed(tenant)
    const calls = this.#calls.get(tenant)
    if (calls === undefined) return
    for (const { id } of attempts) {
      const call = calls.get(id)
      if (call !== undefined) this.#isRecorded(tenant, call)
    }
  }

  /**
   * What this replica knows of a tenant and nobody can read: reserves its calls, and waits until all others are in the database.
   * @throws {AtpError} `limits_unavailable` where that cannot be done now
   */
  async declare(tenant: string): Promise<readonly PledgedCall[]> {
    const { limiter, failover, record } = this.#options
    await failover?.probe()
    // Who asks is late: another has begun the counters, and what was settled since must not be reserved again.
    if ((await limiter.epoch(tenant)) !== null) return []
    const calls = [...(this.#calls.get(tenant)?.values() ?? [])]
    // All of them at once, before anything is waited for: none is settled from here on.
    for (const call of calls) call.pledged = true
    if (calls.length > 0) this.#pledged.set(tenant, this.#options.now() + RENEW_EVERY_MS)
    await Promise.all(calls.map(call => this.#reserve(call)))
    await record.complete(tenant)
    return calls.map(pledgedCall)
  }

  start(): void {
    this.#timer = setInterval(() => void this.look(), LOOK_EVERY_MS)
    this.#timer.unref()
  }

  /** A pledge that is open still expires, and counts as it was estimated, until the next start settles it from the journal. */
  async stop(): Promise<void> {
    clearInterval(this.#timer)
    await this.look()
  }

  /** Settles what waits for counters that are begun now. */
  look(): Promise<void> {
    if (this.#pledged.size === 0) return Promise.resolve()
    this.#looking ??= this.#look().finally(() => {
      this.#looking = null
    })
    return this.#looking
  }

  async #look(): Promise<void> {
    for (const [tenant, renewAt] of [...this.#pledged]) {
      // Who is away says nothing; the next look asks again.
      const epoch = await this.#options.limiter.epoch(tenant).catch(() => null)
      if (epoch !== null) await this.#redeem(tenant)
      else if (this.#options.now() >= renewAt) this.#renew(tenant)
    }
  }

  async #redeem(tenant: string): Promise<void> {
    this.#pledged.delete(tenant)
    const pledged = [...(this.#calls.get(tenant)?.values() ?? [])].filter(call => call.pledged)
    const settling = pledged.map(async call => {
      call.pledged = false
      const { admission, spent, recorded } = call
      if (recorded) this.#forget(tenant, admission.reservation)
      // Where it fails it expires, and counts as it was reserved.
      if (spent !== null) await this.#settlePledged(admission, spent).catch(() => undefined)
    })
    await Promise.all(settling)
  }

  /** One that was lost again, after it was told and before the counters were begun, is in neither. */
  async #settlePledged(admission: Admission, spent: Spend): Promise<void> {
    const { limiter } = this.#options
    if ((await limiter.settle(admission.tenant, admission.reservation, spent)) !== 'unknown') return
    await limiter.recount({ ...admission, estimate: spent, requests: 0, leaseMs: 0 })
  }

  #renew(tenant: string): void {
    this.#pledged.set(tenant, this.#options.now() + RENEW_EVERY_MS)
    for (const { admission, pledged } of this.#calls.get(tenant)?.values() ?? []) {
      if (!pledged) continue
      this.#options.limiter.renew(tenant, admission.reservation, leaseOf(admission)).catch(() => undefined)
    }
  }

  #reserve({ admission, spent }: Call): Promise<void> {
    const estimate = spent ?? admission.estimate
    // What is over counts in no rate anew, and holds no place.
    const limits = spent === null ? admission.limits : admission.limits.filter(isCalendar)
    const again = { ...admission, limits, estimate, requests: 0, leaseMs: leaseOf(admission) }
    return this.#options.limiter.recount(again)
  }

  #isRecorded(tenant: string, call: Call): void {
    call.recorded = true
    if (!call.pledged) this.#forget(tenant, call.admission.reservation)
  }

  #forget(tenant: string, reservation: string): void {
    const calls = this.#calls.get(tenant)
    calls?.delete(reservation)
    if (calls?.size === 0) this.#calls.delete(tenant)
  }
}

function pledgedCall({ admission, key, arm, spent }: Call): PledgedCall {
  const levels = admission.limits.filter(isCalendar).map(levelName)
  return { id: admission.reservation, key, arm, estimate: spent ?? admission.estimate, levels }
}

function isCalendar({ kind }: Limit): boolean {
  return kind === 'calendar'
}

function leaseOf({ leaseMs }: Admission): number {
  return Math.max(leaseMs, PLEDGE_LEASE_MS)
}
