/**
 * The days and months of a time zone as instants. A period begins at its first instant: where the clocks skip midnight
 * (Havana, Beirut), that is the instant of the change.
 */
import type { CalendarLimit } from './limit.ts'

/** Microseconds since 1970: where the previous, the current, the next and the next but one period begin. */
export type PeriodStarts = readonly [previous: number, current: number, next: number, afterNext: number]

type Civil = readonly [year: number, month: number, day: number]

const DAY_MS = 86_400_000
const HOUR_MS = 3_600_000
/** No zone is further from UTC. */
const OFFSET_MAX_MS = 26 * HOUR_MS

/** Remembers the current period of each zone: the calendar is asked once a period, not once a request. */
export class Calendar {
  readonly #kept = new Map<string, PeriodStarts>()
  readonly #zones = new Map<string, Intl.DateTimeFormat>()

  /**
   * Around `nowUs`, which may be off by a whole period: the periods before and after are given, too.
   * @throws {RangeError} where the time zone is unknown
   */
  periodsOf({ period, timeZone }: Pick<CalendarLimit, 'period' | 'timeZone'>, nowUs: number): PeriodStarts {
    const key = `${period} ${timeZone}`
    const kept = this.#kept.get(key)
    if (kept !== undefined && nowUs >= kept[1] && nowUs < kept[2]) return kept
    const zone = this.#zone(timeZone)
    const today = localDay(zone, Math.floor(nowUs / 1_000))
    const start = (by: number) => 1_000 * firstInstant(zone, beginning(period, today, by))
    const starts: PeriodStarts = [start(-1), start(0), start(1), start(2)]
    this.#kept.set(key, starts)
    return starts
  }

  #zone(timeZone: string): Intl.DateTimeFormat {
    let zone = this.#zones.get(timeZone)
    if (zone === undefined) {
      const numeric = { year: 'numeric', month: 'numeric', day: 'numeric' } as const
      zone = new Intl.DateTimeFormat('en-US-u-ca-iso8601', { timeZone, ...numeric })
      this.#zones.set(timeZone, zone)
    }
    return zone
  }
}

function beginning(period: 'day' | 'month', [year, month, day]: Civil, by: number): number {
  return period === 'day' ? dayNumber(year, month, day) + by : dayNumber(year, month + by, 1)
}

/** The first instant, in milliseconds, whose local day is this one or later; clocks that go back at midnight come from 24:00, not from 00:00, so that days only move forward. */
function firstInstant(zone: Intl.DateTimeFormat, day: number): number {
  let before = day * DAY_MS - OFFSET_MAX_MS
  let within = day * DAY_MS + OFFSET_MAX_MS
  while (within - before > 1) {
    const middle = Math.floor((before + within) / 2)
    if (dayNumber(...localDay(zone, middle)) >= day) within = middle
    else before = middle
  }
  return within
}

function localDay(zone: Intl.DateTimeFormat, atMs: number): Civil {
  const found = { year: 0, month: 0, day: 0 }
  for (const { type, value } of zone.formatToParts(atMs)) {
    if (type === 'year' || type === 'month' || type === 'day') found[type] = Number(value)
  }
  return [found.year, found.month, found.day]
}

/** Days since 1970-01-01 of a date of the proleptic Gregorian calendar; months beyond 12 or below 1 run on into other years. */
function dayNumber(year: number, month: number, day: number): number {
  // Counted from March, so that the leap day is the last of its year.
  const months = 12 * year + month - 3
  const marchYear = Math.floor(months / 12)
  const sinceMarch = months - 12 * marchYear
  const leapDays = Math.floor(marchYear / 4) - Math.floor(marchYear / 100) + Math.floor(marchYear / 400)
  return 365 * marchYear + leapDays + Math.floor((153 * sinceMarch + 2) / 5) + day - 719_469
}
