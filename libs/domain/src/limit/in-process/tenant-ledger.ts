/** All that one tenant has counted and reserved, in this process. What is refused changes nothing in it. */
import { AtpError } from '@atp/core/errors'
import { epochMs } from '@atp/core/units'
import type { NativeModule } from '@atp/native'
import type { Calendar } from '../calendar.ts'
import { AMOUNT_MAX, type CalendarLimit } from '../limit.ts'
import {
  type Admission,
  type Counter,
  type Epoch,
  type LeaseOptions,
  type Settlement,
  type Spend,
  SWEPT_AT_ONCE,
  SWEPT_BY_ADMIT,
  type Verdict,
} from '../limiter.ts'
import { type PreparedLimit, wanted } from '../prepared.ts'
import { BucketLevel } from './bucket-level.ts'
import { CalendarLevel } from './calendar-level.ts'
import { LeaseLevel } from './lease-level.ts'
import { Leases } from './leases.ts'
import type { Level, Period } from './level.ts'
import { SlidingLevel } from './sliding-level.ts'
import { admitted, denied, type Seen, tooManyInFlight } from './verdicts.ts'

export interface LedgerOptions extends LeaseOptions {
  readonly calendar: Calendar
  readonly native: Pick<NativeModule, 'createSlidingWindow'>
  /** Refuse money until it is rebuilt. */
  readonly guarded: boolean
}

/** What counts no more is kept for so long: who comes again soon need not begin anew, nor a clock that goes back a little. */
const KEPT_IDLE_US = 60_000_000

export class TenantLedger {
  readonly #options: LedgerOptions
  readonly #levels = new Map<string, Level>()
  readonly #leases = new Leases()
  #epoch: Epoch | null = null
  /** The latest time of a write. */
  #latestUs = 0

  constructor(options: LedgerOptions) {
    this.#options = options
  }

  decide(admission: Admission, levels: readonly PreparedLimit[], clockUs: number): Verdict {
    const nowUs = Math.max(clockUs, this.#latestUs)
    const waitsForLeases = levels.some(({ limit }) => limit.kind === 'concurrent')
    this.#sweep(nowUs, waitsForLeases ? SWEPT_AT_ONCE : SWEPT_BY_ADMIT)
    if (this.#isStale(levels)) return { kind: 'stale' }
    const seen = levels.map(prepared => this.#look(admission, prepared, clockUs, nowUs))
    const leased = levels.some(level => level.leased)
    if (leased && this.#isLive(admission.reservation)) {
      return admitted(seen, leased, () => false)
    }
    const refusing = seen.filter(({ fits, prepared }) => !fits && prepared.limit.shadow !== true)
    if (refusing.length > 0) return denied(seen, refusing)
    if (leased && this.#leases.live >= this.#options.inFlightMax) {
      return tooManyInFlight(seen, this.#leases.live, this.#leases.expiryOf(null, 1) - nowUs)
    }
    this.#count(admission, seen, nowUs)
    return admitted(seen, leased, ({ fits }) => !fits)
  }

  recount(admission: Admission, levels: readonly PreparedLimit[], clockUs: number): void {
    const nowUs = Math.max(clockUs, this.#latestUs)
    if (levels.some(level => level.leased) && this.#leases.get(admission.reservation) !== undefined) return
    const seen = levels.map(prepared => this.#look(admission, prepared, clockUs, nowUs))
    this.#count(admission, seen, nowUs)
  }

  settle(reservation: string, spent: Spend, clockUs: number): Settlement {
    const lease = this.#leases.get(reservation)
    if (lease === undefined) return 'unknown'
    const nowUs = Math.max(clockUs, this.#latestUs)
    const late = lease.provisional || lease.expiresUs <= nowUs
    const { admittedUs, estimate } = lease
    for (const { level, counts } of lease.levels) {
      if (!lease.provisional) level.unreserve(counts === 'leases' ? 1 : estimate[counts], admittedUs)
      if (counts === 'leases') continue
      level.correct({ estimate: estimate[counts], spent: spent[counts], admittedUs, nowUs })
    }
    this.#leases.remove(lease)
    this.#latestUs = nowUs
    return late ? 'corrected' : 'settled'
  }

  renew(reservation: string, leaseUs: number, clockUs: number): boolean {
    const nowUs = Math.max(clockUs, this.#latestUs)
    const lease = this.#leases.get(reservation)
    if (lease === undefined || lease.provisional || lease.expiresUs <= nowUs) return false
    this.#leases.renew(lease, nowUs + leaseUs)
    return true
  }

  sweep(clockUs: number): string[] {
    return this.#sweep(Math.max(clockUs, this.#latestUs), SWEPT_AT_ONCE)
  }

  epoch(): Epoch | null {
    return this.#epoch && { ...this.#epoch, asOf: epochMs(Math.floor(this.#latestUs / 1_000)) }
  }

  invalidate(): void {
    if (this.#epoch === null) return
    this.#epoch = null
    this.#leases.removeProvisional()
  }

  rebuild(
    counters: readonly Counter[],
    prepared: readonly PreparedLimit[],
    id: number,
    clockUs: number,
  ): boolean {
    if (this.#epoch !== null) return false
    this.#latestUs = Math.max(clockUs, this.#latestUs)
    for (const [index, { settled }] of counters.entries()) {
      const limit = prepared[index] as PreparedLimit
      const level = this.#level(limit) as CalendarLevel
      level.rebuild(settled, { nowUs: this.#latestUs, period: this.#period(limit, clockUs, this.#latestUs) })
    }
    this.#epoch = { id, asOf: epochMs(0) }
    return true
  }

  /** Levels that no reservation has counted in that may still be settled. @returns how many went */
  forget(clockUs: number): number {
    const nowUs = Math.max(clockUs, this.#latestUs)
    const before = this.#levels.size
    for (const [name, level] of this.#levels) {
      if (level.idleUs() + 1_000 * this.#options.lateMs <= nowUs) this.#levels.delete(name)
    }
    return before - this.#levels.size
  }

  /** Nothing that is kept here matters from then on. */
  idleUs(): number {
    if (this.#leases.size > 0) return Number.POSITIVE_INFINITY
    const levels = Array.from(this.#levels.values(), level => level.idleUs())
    return Math.max(this.#latestUs, ...levels) + KEPT_IDLE_US
  }

  #isStale(levels: readonly PreparedLimit[]): boolean {
    return (
      this.#options.guarded &&
      this.#epoch === null &&
      levels.some(({ guarded, limit }) => guarded && limit.shadow !== true)
    )
  }

  #isLive(reservation: string): boolean {
    const lease = this.#leases.get(reservation)
    return lease !== undefined && !lease.provisional
  }

  #look(admission: Admission, prepared: PreparedLimit, clockUs: number, nowUs: number): Seen {
    const level = this.#level(prepared)
    const moment = { nowUs, period: this.#period(prepared, clockUs, nowUs) }
    const amount = wanted(admission, prepared.limit)
    return { prepared, level, moment, amount, fits: level.fits(amount, prepared, moment) }
  }

  #count({ reservation, estimate, leaseMs }: Admission, seen: readonly Seen[], nowUs: number): void {
    for (const { level, amount, moment, prepared } of seen) {
      if (amount > AMOUNT_MAX - level.counted(moment)) throw tooMuch(prepared.limit.id)
    }
    this.#latestUs = nowUs
    // What was recounted without a lease is settled.
    const reserves = leaseMs > 0
    for (const { level, amount, moment, prepared } of seen) {
      if (!reserves && prepared.limit.kind === 'concurrent') continue
      level.add(amount, reserves && prepared.leased, prepared, moment)
    }
    const levels = seen.filter(({ prepared }) => prepared.leased).map(leasedLevel)
    if (!reserves || levels.length === 0) return
    const expiresUs = nowUs + 1_000 * leaseMs
    const lease = { id: reservation, admittedUs: nowUs, estimate, levels, expiresUs, provisional: false }
    this.#leases.add(lease)
  }

  #sweep(nowUs: number, most: number): string[] {
    const { lateMs, inFlightMax } = this.#options
    const lateUs = 1_000 * lateMs
    const settled: string[] = []
    for (let count = 0; count < most; count += 1) {
      const lease = this.#leases.takeDue(nowUs, lateUs)
      if (lease === null) break
      if (lease.provisional) {
        this.#leases.remove(lease)
        continue
      }
      settled.push(lease.id)
      for (const { level, counts } of lease.levels) {
        level.unreserve(counts === 'leases' ? 1 : lease.estimate[counts], lease.admittedUs)
      }
      const lateUntilUs = lease.expiresUs + lateUs
      const full = this.#leases.size - this.#leases.live >= inFlightMax
      if (full || lateUntilUs <= nowUs) this.#leases.remove(lease)
      else this.#leases.keepProvisionally(lease, lateUntilUs)
    }
    return settled
  }

  #period({ limit }: PreparedLimit, clockUs: number, nowUs: number): Period | null {
    if (limit.kind !== 'calendar') return null
    const starts = this.#options.calendar.periodsOf(limit satisfies CalendarLimit, clockUs)
    for (let k = 0; k < 3; k += 1) {
      const [startUs, endUs] = [starts[k] as number, starts[k + 1] as number]
      if (nowUs >= startUs && nowUs < endUs) return { startUs, endUs }
    }
    throw new AtpError('internal', { detail: 'the clock went back by more than a calendar period' })
  }

  #level(prepared: PreparedLimit): Level {
    let level = this.#levels.get(prepared.name)
    if (level === undefined) {
      level = this.#newLevel(prepared)
      this.#levels.set(prepared.name, level)
    }
    return level
  }

  #newLevel({ limit, scale }: PreparedLimit): Level {
    switch (limit.kind) {
      case 'sliding':
        return new SlidingLevel(this.#options.native.createSlidingWindow(limit.windowUs), limit.windowUs)
      case 'bucket':
        return new BucketLevel(scale as NonNullable<typeof scale>)
      case 'calendar':
        return new CalendarLevel()
      case 'concurrent':
        return new LeaseLevel((level, nth) => this.#leases.expiryOf(level, nth))
    }
  }
}

function leasedLevel({ level, prepared: { limit } }: Seen) {
  if (limit.kind === 'concurrent') return { level, counts: 'leases' as const }
  return { level, counts: limit.counts === 'cost' ? ('cost' as const) : ('tokens' as const) }
}

function tooMuch(id: string): AtpError {
  return new AtpError('internal', { detail: `the limit ${id} would count more than ${AMOUNT_MAX}` })
}
