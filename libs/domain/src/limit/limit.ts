/** What a limit is: plain data. Whose it is (a tenant's, a key's, a model's) is only a part of its id here. */
import { AtpError } from '@atp/core/errors'

/** Costs are integer micro-USD. */
export type Measure = 'requests' | 'tokens' | 'cost'

interface LimitBase {
  /** Unique within its tenant, and the same when the amount changes: what was counted goes on counting. */
  readonly id: string
  /** Evaluated, counted and reported, but not enforced. */
  readonly shadow?: boolean
}

/**
 * At most `amount` in any interval of `windowUs`. The error: what was admitted counts for up to W(1 + 1/64), so that never
 * more than `amount` is admitted in any W, and nothing is refused that an exact window of W(1 + 1/64) would admit.
 */
export interface SlidingLimit extends LimitBase {
  readonly kind: 'sliding'
  readonly counts: Measure
  /** Microseconds. */
  readonly windowUs: number
  readonly amount: number
}

/**
 * A token bucket: up to `burst` at once, refilled by `amount` a window, without rounding. It paces reservations: a settlement
 * adds what was spent beyond the estimate, but gives nothing back, because the bucket may have refilled meanwhile.
 */
export interface BucketLimit extends LimitBase {
  readonly kind: 'bucket'
  readonly counts: Measure
  readonly windowUs: number
  readonly amount: number
  readonly burst: number
}

/** At most `amount` in each day or month of a time zone, whatever its length on the days when the clocks change. */
export interface CalendarLimit extends LimitBase {
  readonly kind: 'calendar'
  readonly counts: Measure
  readonly period: 'day' | 'month'
  /** IANA name, such as `Europe/Berlin`. */
  readonly timeZone: string
  readonly amount: number
}

/** At most `amount` leases at one time. */
export interface ConcurrentLimit extends LimitBase {
  readonly kind: 'concurrent'
  readonly amount: number
}

export type Limit = SlidingLimit | BucketLimit | CalendarLimit | ConcurrentLimit

/**
 * Up to here sums of integers in doubles are exact, in Lua, Rust and JavaScript alike, and on their way: the parser of Redis's
 * answers adds a digit's character code before it takes 48 off, which needs room below 2^53.
 */
export const AMOUNT_MAX = 2 ** 53 - 64
/** 71 years; with it, quotients of times round down exactly. */
export const WINDOW_MAX_US = 2 ** 51
/** A limiter looks at no more levels in one decision. */
export const LEVELS_MAX = 64
const BUCKET_MAX = 2 ** 52

/**
 * Money, and what is counted over days: refused where the server has lost its counters, until they are begun again. Calendar
 * counters are summed up again then; money in sliding windows and buckets begins from nothing, as rates do.
 */
export function isGuarded(limit: Limit): boolean {
  return limit.kind === 'calendar' || (limit.kind !== 'concurrent' && limit.counts === 'cost')
}

/** A bucket in integers: each one counted is `unit` high, `rate` runs out a microsecond, `capacity` fits. */
export interface BucketScale {
  readonly unit: number
  readonly rate: number
  readonly capacity: number
}

export function bucketScale({ amount, windowUs, burst }: BucketLimit): BucketScale {
  const shared = greatestCommonDivisor(amount, windowUs)
  const unit = windowUs / shared
  return { unit, rate: amount / shared, capacity: burst * unit }
}

function greatestCommonDivisor(a: number, b: number): number {
  while (b > 0) [a, b] = [b, a % b]
  return a
}

/** @throws {AtpError} `invalid_argument` naming each field that no limiter can work with */
export function checkLimit(limit: Limit): void {
  const problems = problemsOf(limit).map(([field, found, allowed]) => ({
    field,
    found: String(found),
    allowed,
  }))
  if (problems.length === 0) return
  throw new AtpError('invalid_argument', {
    detail: `the limit ${JSON.stringify(limit.id)} is not valid`,
    problems,
  })
}

type Found = readonly [field: string, found: unknown, allowed: string]

function problemsOf(limit: Limit): Found[] {
  const problems: Found[] = []
  const integer = (field: string, value: number, low: number, high: number) => {
    if (Number.isInteger(value) && value >= low && value <= high) return
    problems.push([field, value, `an integer from ${low} to ${high}`])
  }
  // `#` parts a level's sub-buckets from its name where it is stored.
  if (!/^[^#\p{Cc}]{1,256}$/u.test(limit.id)) problems.push(['id', limit.id, '1 to 256 characters without #'])
  integer('amount', limit.amount, limit.kind === 'bucket' ? 1 : 0, AMOUNT_MAX)
  if (limit.kind === 'sliding' || limit.kind === 'bucket')
    integer('windowUs', limit.windowUs, 1, WINDOW_MAX_US)
  if (limit.kind === 'bucket') {
    integer('burst', limit.burst, 1, AMOUNT_MAX)
    if (problems.length === 0 && bucketScale(limit).capacity > BUCKET_MAX) {
      problems.push(['burst', limit.burst, 'burst x window / gcd(amount, window) up to 2^52'])
    }
  }
  return problems
}
