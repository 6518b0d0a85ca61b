/** Admissions as arguments of the scripts, and their answers as verdicts. */
import {
  type Admission,
  type Calendar,
  IN_FLIGHT_ID,
  type LeaseOptions,
  type LevelReport,
  type PreparedLimit,
  SWEPT_AT_ONCE,
  SWEPT_BY_ADMIT,
  subBucketWidth,
  type Verdict,
} from '@atp/domain/limit'

export type Argument = string | number

/** How many numbers an answer has before its levels, and for each of them. */
const HEAD = 5
const PER_LEVEL = 4

export interface Call {
  readonly admission: Admission
  readonly levels: readonly PreparedLimit[]
  readonly recounting: boolean
  readonly guarded: boolean
  /** The latest write of this tenant that this process knows of, microseconds. */
  readonly known: number
  readonly leases: LeaseOptions
  readonly calendar: Calendar
  readonly nowUs: number
}

export function admitArguments(call: Call): Argument[] {
  const { admission, levels, leases } = call
  let [leased, concurrent, keptUs, windowsOnly] = [false, false, 0, !call.recounting]
  let shadows = ''
  const names: string[] = []
  const shapes: Argument[] = []
  for (const level of levels) {
    const { kind, amount, shadow } = level.limit
    leased ||= level.leased
    concurrent ||= kind === 'concurrent'
    windowsOnly &&= kind === 'sliding' && !level.leased
    if (kind === 'sliding') keptUs = Math.max(keptUs, 2 * level.limit.windowUs)
    shadows += shadow === true ? '1' : '0'
    names.push(level.name)
    shapes.push(amount)
    pushShape(shapes, level, call)
  }
  const { reservation, requests, leaseMs, estimate } = admission
  const rest =
    `${call.recounting ? 'recount' : 'admit'} ${call.guarded ? 1 : 0} ${call.known} ${1_000 * leaseMs} ` +
    `${1_000 * leases.lateMs} ${leases.inFlightMax} ${concurrent ? SWEPT_AT_ONCE : SWEPT_BY_ADMIT} ` +
    `${leased ? 1 : 0} ${estimate.tokens} ${estimate.cost} ${shadows}`
  return [reservation, windowsOnly ? keptUs : 0, requests, names.length, rest, ...names, ...shapes]
}

function pushShape(into: Argument[], { limit, scale }: PreparedLimit, { calendar, nowUs }: Call): void {
  if (limit.kind === 'sliding') into.push(limit.windowUs, subBucketWidth(limit.windowUs))
  else if (limit.kind === 'calendar') into.push(...calendar.periodsOf(limit, nowUs))
  else if (scale !== null) into.push(scale.unit, scale.rate, scale.capacity)
}

export interface Answer {
  readonly verdict: Verdict
  /** The tenant's latest write, microseconds. */
  readonly latest: number
}

export function decode(
  answer: readonly number[],
  levels: readonly PreparedLimit[],
  { inFlightMax }: LeaseOptions,
): Answer {
  const [code, latest, , refusing, waitUs] = answer as [number, number, number, number, number]
  // A time: the script that decides at once says no more than that it did.
  if (code > STALE)
    return {
      verdict: { kind: 'admitted', levels: windowReports(answer, levels), leased: false },
      latest: code,
    }
  if (code === STALE) return { verdict: { kind: 'stale' }, latest: 0 }
  const reports = levels.map(({ limit }, index) => reportOf(limit, answer, HEAD + PER_LEVEL * index))
  if (code === ADMITTED) {
    return {
      verdict: { kind: 'admitted', levels: reports, leased: levels.some(({ leased }) => leased) },
      latest,
    }
  }
  const by = reports[refusing - 1] ?? tooManyInFlight(inFlightMax)
  const retryAfterMs = waitUs < 0 ? null : Math.ceil(waitUs / 1_000)
  return { verdict: { kind: 'denied', by, retryAfterMs, levels: reports }, latest }
}

const ADMITTED = 1
const STALE = 2

function windowReports(answer: readonly number[], levels: readonly PreparedLimit[]): LevelReport[] {
  return levels.map(({ limit }, index) => {
    const [used, resetUs] = [answer[1 + 2 * index] as number, answer[2 + 2 * index] as number]
    const remaining = Math.max(0, limit.amount - used)
    return { limit, used, reserved: 0, remaining, resetMs: Math.ceil(resetUs / 1_000), exceeded: false }
  })
}

function reportOf(limit: LevelReport['limit'], answer: readonly number[], at: number): LevelReport {
  const [counted, reserved, resetUs, exceeded] = answer.slice(at, at + PER_LEVEL) as [
    number,
    number,
    number,
    number,
  ]
  return {
    limit,
    used: counted - reserved,
    reserved,
    remaining: Math.max(0, (limit.kind === 'bucket' ? limit.burst : limit.amount) - counted),
    resetMs: resetUs < 0 ? null : Math.ceil(resetUs / 1_000),
    exceeded: exceeded === 1,
  }
}

function tooManyInFlight(amount: number): LevelReport {
  const limit = { id: IN_FLIGHT_ID, kind: 'concurrent', amount } as const
  return { limit, used: 0, reserved: amount, remaining: 0, resetMs: null, exceeded: true }
}
