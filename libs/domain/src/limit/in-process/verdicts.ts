/** What the levels say, as the one verdict over all of them. */
import { type Admitted, type Denied, IN_FLIGHT_ID, type LevelReport } from '../limiter.ts'
import type { PreparedLimit } from '../prepared.ts'
import type { Level, Moment } from './level.ts'

/** A level as one decision sees it. */
export interface Seen {
  readonly prepared: PreparedLimit
  readonly level: Level
  readonly moment: Moment
  readonly amount: number
  readonly fits: boolean
}

export function admitted(seen: readonly Seen[], leased: boolean, exceeded: (one: Seen) => boolean): Admitted {
  return { kind: 'admitted', levels: seen.map(one => report(one, exceeded(one))), leased }
}

export function denied(seen: readonly Seen[], refusing: readonly Seen[]): Denied {
  const waits = refusing.map(({ level, amount, prepared, moment }) => level.retryUs(amount, prepared, moment))
  const longest = Math.max(...waits)
  const by = report(refusing[waits.indexOf(longest)] as Seen, true)
  return { kind: 'denied', by, retryAfterMs: wait(longest), levels: reports(seen) }
}

export function tooManyInFlight(seen: readonly Seen[], live: number, waitUs: number): Denied {
  const limit = { id: IN_FLIGHT_ID, kind: 'concurrent', amount: live } as const
  const by = { limit, used: 0, reserved: live, remaining: 0, resetMs: null, exceeded: true }
  return { kind: 'denied', by, retryAfterMs: wait(waitUs), levels: reports(seen) }
}

function reports(seen: readonly Seen[]): LevelReport[] {
  return seen.map(one => report(one, !one.fits))
}

function report({ level, moment, prepared: { limit } }: Seen, exceeded: boolean): LevelReport {
  const counted = level.counted(moment)
  const reserved = level.reserved(moment)
  const resetUs = level.resetUs(moment)
  return {
    limit,
    used: counted - reserved,
    reserved,
    remaining: Math.max(0, (limit.kind === 'bucket' ? limit.burst : limit.amount) - counted),
    resetMs: resetUs === null ? null : Math.ceil(resetUs / 1_000),
    exceeded,
  }
}

function wait(us: number): number | null {
  return us === Number.POSITIVE_INFINITY ? null : Math.ceil(us / 1_000)
}
