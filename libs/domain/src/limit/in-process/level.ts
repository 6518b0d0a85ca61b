/** What one limit has counted. Looking changes nothing: only what is admitted or settled moves a level on in time. */
import type { PreparedLimit } from '../prepared.ts'

/** Of the moment at which a level is looked at. */
export interface Moment {
  /** Microseconds; never goes back for a tenant. */
  readonly nowUs: number
  /** The period of a calendar limit that holds `nowUs`. */
  readonly period: Period | null
}

export interface Period {
  readonly startUs: number
  readonly endUs: number
}

export interface Settling {
  readonly estimate: number
  readonly spent: number
  readonly admittedUs: number
  readonly nowUs: number
}

export interface Level {
  /** What counts against the limit, what is reserved included; a bucket rounds up. */
  counted(moment: Moment): number
  reserved(moment: Moment): number
  /** Whether so much more may be counted; nothing always may. */
  fits(amount: number, limit: PreparedLimit, moment: Moment): boolean
  /** Microseconds until it fits if nothing else comes; infinity is never. */
  retryUs(amount: number, limit: PreparedLimit, moment: Moment): number
  /** Microseconds until nothing counts; null where that depends on leases. */
  resetUs(moment: Moment): number | null
  /** @param reserve that it is settled later */
  add(amount: number, reserve: boolean, limit: PreparedLimit, moment: Moment): void
  /** What was reserved is spent, until someone tells better. */
  unreserve(amount: number, admittedUs: number): void
  /** What was spent differs from what was counted. */
  correct(settling: Settling): void
  /** From then on it is as if it had never counted anything. */
  idleUs(): number
}
