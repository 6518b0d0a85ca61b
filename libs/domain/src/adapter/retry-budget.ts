/**
 * Keeps retries a share of the requests, so that an outage is never multiplied by those who wait for its end: the sliding window of
 * Finagle's `RetryBudget` (https://twitter.github.io/finagle/docs/com/twitter/finagle/service/RetryBudget$.html) and tower's `TpsBudget`.
 * Invariant: when a retry is granted, the window that ends with it has no more retries than `ratio` x its requests + `reserve`. Such windows
 * can be laid side by side from the last retry backwards, so that over any time retries are at most `ratio` x requests + `reserve` a window.
 * Times are milliseconds of one monotonic clock, given by the caller.
 */
import { AtpError } from '@atp/core/errors'

/** Why a request is sent once more: to another model after a failure; to the same one after a failure; to another because the first is slow. */
export const RETRY_KINDS = ['fallback', 'again', 'hedge'] as const
export type RetryKind = (typeof RETRY_KINDS)[number]

export interface RetryBudgetOptions {
  /** Retries for each request of the window. */
  readonly ratio: number
  /** Retries that a window has beside those: for who begins, or has few requests. */
  readonly reserve: number
  /** Milliseconds; it moves on by a tenth of itself. */
  readonly windowMs: number
}

const SLOTS = 10

interface Slot {
  requests: number
  retries: number
}

export class RetryBudget {
  readonly #options: RetryBudgetOptions
  readonly #slotMs: number
  /** A ring; the sums beside it are kept in step. */
  readonly #slots: readonly Slot[] = Array.from({ length: SLOTS }, () => ({ requests: 0, retries: 0 }))
  #requests = 0
  #retries = 0
  /** The newest slot, counted from the clock's origin. */
  #newest = 0

  /** @throws {AtpError} `invalid_argument` */
  constructor(options: RetryBudgetOptions) {
    check('ratio', options.ratio, options.ratio >= 0, 'a number of 0 or more')
    check('reserve', options.reserve, options.reserve >= 0, 'a number of 0 or more')
    check('windowMs', options.windowMs, options.windowMs > 0, 'a number above 0')
    this.#options = options
    this.#slotMs = options.windowMs / SLOTS
  }

  /** A request is sent for the first time. */
  request(now: number): void {
    this.#moveTo(now).requests += 1
    this.#requests += 1
  }

  /** Takes a retry. @returns false where the budget is spent: it must not be made */
  take(now: number): boolean {
    const slot = this.#moveTo(now)
    const { ratio, reserve } = this.#options
    if (this.#retries + 1 > ratio * this.#requests + reserve) return false
    slot.retries += 1
    this.#retries += 1
    return true
  }

  /** The retry was not made. @param takenAt when it was taken */
  giveBack(takenAt: number): void {
    const number = Math.floor(takenAt / this.#slotMs)
    if (number <= this.#newest - SLOTS) return
    this.#at(number).retries -= 1
    this.#retries -= 1
  }

  /** This moment's slot; those that the window has left behind are emptied. */
  #moveTo(now: number): Slot {
    const number = Math.floor(now / this.#slotMs)
    for (let gone = Math.max(this.#newest + 1, number - SLOTS + 1); gone <= number; gone += 1) {
      this.#empty(this.#at(gone))
    }
    this.#newest = Math.max(this.#newest, number)
    return this.#at(this.#newest)
  }

  #at(number: number): Slot {
    return this.#slots[number % SLOTS] as Slot
  }

  #empty(slot: Slot): void {
    this.#requests -= slot.requests
    this.#retries -= slot.retries
    slot.requests = 0
    slot.retries = 0
  }
}

function check(field: string, value: number, holds: boolean, allowed: string): void {
  if (holds) return
  throw new AtpError('invalid_argument', {
    detail: 'the retry budget cannot work with these options',
    problems: [{ field, found: String(value), allowed }],
  })
}
