/** Limits and admissions as tests write them. */
import type {
  Admission,
  BucketLimit,
  CalendarLimit,
  ConcurrentLimit,
  Limit,
  Measure,
  SlidingLimit,
} from '@atp/domain/limit'

export const SECOND = 1_000_000
export const MINUTE = 60 * SECOND
export const HOUR = 60 * MINUTE
export const DAY = 24 * HOUR
/** 2026-03-10T12:00:00Z in microseconds. */
export const NOON = Date.UTC(2026, 2, 10, 12) * 1_000

export function sliding(
  counts: Measure,
  amount: number,
  windowUs: number,
  id = `${counts}/${windowUs}`,
): SlidingLimit {
  return { kind: 'sliding', id, counts, windowUs, amount }
}

export function bucket(counts: Measure, amount: number, windowUs: number, burst: number): BucketLimit {
  return { kind: 'bucket', id: `${counts}/bucket`, counts, windowUs, amount, burst }
}

export function daily(counts: Measure, amount: number, timeZone = 'UTC'): CalendarLimit {
  return { kind: 'calendar', id: `${counts}/day`, counts, period: 'day', timeZone, amount }
}

export function concurrent(amount: number): ConcurrentLimit {
  return { kind: 'concurrent', id: 'concurrent', amount }
}

let count = 0

export function admission(tenant: string, limits: readonly Limit[], of: Partial<Admission> = {}): Admission {
  count += 1
  const estimate = { tokens: 0, cost: 0 }
  return { tenant, reservation: `r${count}`, limits, requests: 1, estimate, leaseMs: 60_000, ...of }
}
