/**
 * The port of every limiter. One decision a request over all its levels: all admit and count it, or none does and nothing is
 * written. Tokens and money are reserved as estimated, and settled as they were, once. Times are integer microseconds of one
 * clock, the server's where there is one, which never goes back for a tenant.
 */
import type { EpochMs } from '@atp/core/units'
import type { Limit } from './limit.ts'

/** Integers. */
export interface Spend {
  readonly tokens: number
  /** Micro-USD. */
  readonly cost: number
}

export interface Admission {
  readonly tenant: string
  /**
   * Unique within the tenant. While its reservation lives, asking again admits again and counts nothing, so that a call whose
   * answer was lost may be repeated.
   */
  readonly reservation: string
  readonly limits: readonly Limit[]
  /** What is reserved. Nothing asked of a level is never refused: a model without price passes an empty budget. */
  readonly estimate: Spend
  /** 0 for the fallback of a request that is counted already. */
  readonly requests: number
  /** Milliseconds after which a reservation that nobody settled or renewed is settled at its estimate. */
  readonly leaseMs: number
}

export interface LevelReport {
  readonly limit: Limit
  /** Settled, in the unit of the limit. A bucket reports what has not run out of it yet, against its burst. */
  readonly used: number
  /** Reserved and not settled yet. `used + reserved` is what counts against the limit. */
  readonly reserved: number
  /** Never below zero. */
  readonly remaining: number
  /** Milliseconds until nothing would count any more, if nothing else came; null for leases. */
  readonly resetMs: number | null
  /** It would have refused: for limits in shadow, which refuse nobody. */
  readonly exceeded: boolean
}

export interface Admitted {
  readonly kind: 'admitted'
  readonly levels: readonly LevelReport[]
  /** False where no level counts tokens, cost or leases: then there is nothing to settle. */
  readonly leased: boolean
}

export interface Denied {
  readonly kind: 'denied'
  /** Of the limits that refuse, the one that will do so longest. */
  readonly by: LevelReport
  /** Waiting so long succeeds if nothing else comes; null is never. */
  readonly retryAfterMs: number | null
  readonly levels: readonly LevelReport[]
}

/** Money and calendar counters were lost or rolled back here. Nothing was counted: `rebuild` them, then ask again. */
export interface Stale {
  readonly kind: 'stale'
}

export type Verdict = Admitted | Denied | Stale

/**
 * `settled`: the estimate was replaced. `corrected`: the lease had expired and counted as its estimate; now it counts as told.
 * `unknown`: settled before, forgotten, or never reserved; nothing was changed. `deferred`: told as soon as the shared limiter is back.
 */
export type Settlement = 'settled' | 'corrected' | 'unknown' | 'deferred'

/** What was spent by reservations that are settled. */
export interface Counter {
  readonly limit: Limit
  readonly settled: number
}

export interface Sweep {
  /** Leases that expired and count as their estimates until someone tells better. */
  readonly provisional: readonly string[]
  /** Call again. */
  readonly more: boolean
}

export interface Limiter {
  /**
   * @throws {AtpError} `invalid_argument`; `limits_unavailable` where it cannot decide now; `internal` where a count would be no exact
   * integer any more, or the clocks are a calendar period apart
   */
  admit(admission: Admission): Promise<Verdict>

  /**
   * Counts what was admitted elsewhere (while this limiter was away, before it was rebuilt), whatever the limits say. What is known
   * here already counts once. With `leaseMs` 0 the estimate is what was spent: there is nothing to settle.
   */
  recount(admission: Admission): Promise<void>

  /**
   * Replaces the estimate by what was spent, once. What was reserved beyond that is given back where it was counted: to the
   * calendar period and to the part of the sliding window that held it, if they still count. What was spent beyond the estimate
   * counts from now on in windows and buckets, and in the calendar period of the admission. So in any window there is never
   * admitted more than the limit, each reservation taken as its estimate, or as what was spent once that is known and less.
   */
  settle(tenant: string, reservation: string, spent: Spend): Promise<Settlement>

  /** Nothing was spent: gives back tokens, money and the lease. The request stays counted. */
  release(tenant: string, reservation: string): Promise<Settlement>

  /** The heartbeat of a long answer. @returns false where the lease is gone; its settlement is still taken */
  renew(tenant: string, reservation: string, leaseMs: number): Promise<boolean>

  /** Settles expired leases at their estimates. `admit` does so too, a few at a time. */
  sweep(tenant: string): Promise<Sweep>

  /**
   * Forgets what counts nothing any more while its tenant is busy: levels of keys that are revoked, of limits that were changed. A tenant
   * that is idle as a whole is forgotten by itself.
   * @returns how many levels went
   */
  forget(tenant: string): Promise<number>

  /**
   * When the counters of this tenant were begun, or null: they are not there, or lost. Idle counters are forgotten when nothing
   * that they count matters any more, and begun again from the sums, which costs one `rebuild`.
   */
  epoch(tenant: string): Promise<Epoch | null>

  /**
   * Drops counters that were rolled back, with all that was reserved there: before reservations that are alive are recounted. Those that
   * are only lost, and those that count, are left as they are.
   */
  discard(tenant: string): Promise<void>

  /**
   * Calendar counters no longer say what was spent, as where a quota is new and counts from nothing: what is guarded is `stale` until
   * they are begun again. Rates go on counting, and what is reserved stays; expired leases are not corrected any more, because what
   * they came to is in the sums, or in none.
   */
  invalidate(tenant: string): Promise<void>

  /**
   * Begins the counters of calendar limits again, from sums kept elsewhere. The first one counts, others change nothing.
   * Reservations that are alive are added to the sums: those that are stored here by themselves, others by `recount`.
   * @returns false where they were there
   */
  rebuild(tenant: string, counters: readonly Counter[]): Promise<boolean>
}

export interface Epoch {
  /** Names one life of the counters. */
  readonly id: number
  readonly asOf: EpochMs
}

/** Denials by this id mean that a tenant has more reservations in flight than are kept. */
export const IN_FLIGHT_ID = 'in-flight'

export interface LeaseOptions {
  /** Reservations of a tenant that may be in flight at one time. */
  readonly inFlightMax: number
  /**
   * Milliseconds for which an expired lease may still be settled: the first sweep after them forgets it. At most as many are kept as may
   * be in flight.
   */
  readonly lateMs: number
}

export const LEASE_DEFAULTS: LeaseOptions = { inFlightMax: 10_000, lateMs: 86_400_000 }
/** Expired leases that an `admit` settles on its way; without limits on concurrency nothing waits for them. */
export const SWEPT_BY_ADMIT = 16
/** And with: a verdict is exact while no more expire at once. */
export const SWEPT_AT_ONCE = 1_000
