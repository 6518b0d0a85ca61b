/** Admissions as arguments of the scripts. What is the same for every request under the same limits is made once. */
import {
  type Admission,
  type Calendar,
  type LeaseOptions,
  type PreparedLimit,
  SWEPT_AT_ONCE,
  SWEPT_BY_ADMIT,
  subBucketWidth,
} from '@atp/domain/limit'
import { type Written, written, writtenText } from './script-call.ts'

/** The arguments that follow those of the request itself. */
interface Tail {
  readonly leaseMs: number
  readonly recounting: boolean
  /** Microseconds: in between, no calendar period of these limits begins or ends. */
  readonly from: number
  readonly until: number
  readonly written: Written
}

/** Reservation, requests, tokens, cost, and what is known. */
const OF_THE_REQUEST = 5

export class AdmitArguments {
  readonly #leases: LeaseOptions
  readonly #calendar: Calendar
  readonly #tails = new WeakMap<readonly PreparedLimit[], Tail>()

  constructor(leases: LeaseOptions, calendar: Calendar) {
    this.#leases = leases
    this.#calendar = calendar
  }

  /** @param known the latest write of this tenant that this process knows of, microseconds; -1 where nothing is guarded */
  of(
    { reservation, requests, estimate, leaseMs }: Admission,
    levels: readonly PreparedLimit[],
    recounting: boolean,
    known: number,
    nowUs: number,
  ): Written {
    const { tokens, cost } = estimate
    const tail = this.#tail(levels, leaseMs, recounting, nowUs)
    const head = writtenText(reservation) + writtenText(requests) + writtenText(tokens) + writtenText(cost)
    return { text: head + writtenText(known) + tail.text, count: OF_THE_REQUEST + tail.count }
  }

  #tail(levels: readonly PreparedLimit[], leaseMs: number, recounting: boolean, nowUs: number): Written {
    const kept = this.#tails.get(levels)
    const holds = kept !== undefined && kept.leaseMs === leaseMs && kept.recounting === recounting
    if (holds && nowUs >= kept.from && nowUs < kept.until) return kept.written
    const tail = this.#made(levels, leaseMs, recounting, nowUs)
    this.#tails.set(levels, tail)
    return tail.written
  }

  #made(levels: readonly PreparedLimit[], leaseMs: number, recounting: boolean, nowUs: number): Tail {
    const { lateMs, inFlightMax } = this.#leases
    const leased = levels.some(level => level.leased)
    const windows = levels.length > 0 && levels.every(({ limit }) => limit.kind === 'sliding')
    const swept = levels.some(({ limit }) => limit.kind === 'concurrent') ? SWEPT_AT_ONCE : SWEPT_BY_ADMIT
    const shadows = levels.map(({ limit }) => (limit.shadow === true ? '1' : '0')).join('')
    let [from, until] = [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY]
    const shapes = levels.flatMap(({ limit, scale }): number[] => {
      if (limit.kind === 'sliding') return [limit.amount, limit.windowUs, subBucketWidth(limit.windowUs)]
      if (scale !== null) return [limit.amount, scale.unit, scale.rate, scale.capacity]
      if (limit.kind !== 'calendar') return [limit.amount]
      const periods = this.#calendar.periodsOf(limit, nowUs)
      from = Math.max(from, periods[1])
      until = Math.min(until, periods[2])
      return [limit.amount, ...periods]
    })
    const head = [
      recounting ? 0 : keptAtLeast(levels, leased ? leaseMs + lateMs : 0),
      1_000 * leaseMs,
      1_000 * lateMs,
      inFlightMax,
      leased ? 'leased' : windows && !recounting ? 'windows' : 'counted',
      levels.length,
      `${recounting ? 'recount' : 'admit'} ${swept} ${shadows}`,
    ]
    const names = levels.map(({ name }) => name)
    return { leaseMs, recounting, from, until, written: written([...head, ...names, ...shapes]) }
  }
}

/** Microseconds for which the keys must be kept where the usual case may be decided at once; 0 where it may not. */
function keptAtLeast(levels: readonly PreparedLimit[], leasesMs: number): number {
  if (levels.some(({ limit }) => limit.kind === 'bucket')) return 0
  const windows = levels.map(({ limit }) => (limit.kind === 'sliding' ? 2 * limit.windowUs : 1))
  return Math.max(0, 1_000 * leasesMs, ...windows)
}
