/**
 * Keeps retries a share of the requests, so that an outage is never multiplied by those who wait for its end: the sliding window of
 * Finagle's `RetryBudget` (https://twitter.github.io/finagle/docs/com/twitter/finagle/service/RetryBudget$.html) and tower's `TpsBudget`.
 * Invariant: when a retry is granted, the window that ends with it has no more retries than `ratio` x its requests + `reserve`. Such windows
 * can be laid side by side from the last retry backwards, so that over any time retries are at most `ratio` x requests + `reserve` a window.
 * Times are milliseconds of one monotonic clock, given by the caller.
 */
import { AtpError } from '@atp/core/errors'
import { RollingCounts } from './rolling-counts.ts'

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

export class RetryBudget {
  readonly #options: RetryBudgetOptions
  readonly #counts: RollingCounts<'requests' | 'retries'>

  /** @throws {AtpError} `invalid_argument` */
  constructor(options: RetryBudgetOptions) {
    check('ratio', options.ratio, options.ratio >= 0, 'a number of 0 or more')
    check('reserve', options.reserve, options.reserve >= 0, 'a number of 0 or more')
    check('windowMs', options.windowMs, options.windowMs > 0, 'a number above 0')
    this.#options = options
    this.#counts = new RollingCounts(options.windowMs, ['requests', 'retries'])
  }

  /** A request is sent for the first time. */
  request(now: number): void {
    this.#counts.add('requests', now)
  }

  /** Takes a retry. @returns false where the budget is spent: it must not be made */
  take(now: number): boolean {
    const { ratio, reserve } = this.#options
    this.#counts.moveTo(now)
    if (this.#counts.sum('retries') + 1 > ratio * this.#counts.sum('requests') + reserve) return false
    this.#counts.add('retries', now)
    return true
  }

  /** The retry was not made. @param takenAt when it was taken */
  giveBack(takenAt: number): void {
    this.#counts.takeBack('retries', takenAt)
  }
}

function check(field: string, value: number, holds: boolean, allowed: string): void {
  if (holds) return
  throw new AtpError('invalid_argument', {
    detail: 'the retry budget cannot work with these options',
    problems: [{ field, found: String(value), allowed }],
  })
}
