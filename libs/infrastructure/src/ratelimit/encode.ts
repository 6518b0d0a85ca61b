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
  wanted,
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
  let [leased, concurrent, keptUs, windowsOnly] = [false, false, 0, true]
  const names: string[] = []
  const shapes: Argument[] = []
  for (const level of levels) {
    leased ||= level.leased
    concurrent ||= level.limit.kind === 'concurrent'
    windowsOnly &&= level.limit.kind === 'sliding' && !level.leased
    if (level.limit.kind === 'sliding') keptUs = Math.max(keptUs, 2 * level.limit.windowUs)
    names.push(level.name)
    shapes.push(wanted(admission, level.limit), level.limit.amount, level.limit.shadow === true ? 1 : 0)
    pushShape(shapes, level, call)
  }
  return [
    admission.reservation,
    call.recounting ? 'recount' : 'admit',
    call.guarded ? 1 : 0,
    call.known,
    1_000 * admission.leaseMs,
    1_000 * leases.lateMs,
    leases.inFlightMax,
    concurrent ? SWEPT_AT_ONCE : SWEPT_BY_ADMIT,
    leased ? 1 : 0,
    admission.estimate.tokens,
    admission.estimate.cost,
    windowsOnly ? keptUs : 0,
    names.length,
    ...names,
    ...shapes,
  ]
}

function pushShape(into: Argument[], { limit, scale }: PreparedLimit, { calendar, nowUs }: Call): void {
  if (limit.kind === 'sliding') into.push(limit.windowUs, subBucketWidth(limit.windowUs))
  else if (limit.kind === 'calendar') into.push(...calendar.periodsOf(limit, nowUs))
  else if (scale !== null) into.push(scale.unit, scale.rate, scale.capacity)
}

export function toVerdict(
  answer: readonly number[],
  levels: readonly PreparedLimit[],
  leased: boolean,
  { inFlightMax }: LeaseOptions,
): Verdict {
  const [code, , , refusing, waitUs] = answer as [number, number, number, number, number]
  if (code === 2) return { kind: 'stale' }
  const reports = levels.map(({ limit }, index) => reportOf(limit, answer, HEAD + PER_LEVEL * index))
  if (code === 1) return { kind: 'admitted', levels: reports, leased }
  const retryAfterMs = waitUs < 0 ? null : Math.ceil(waitUs / 1_000)
  return {
    kind: 'denied',
    by: reports[refusing - 1] ?? tooManyInFlight(inFlightMax),
    retryAfterMs,
    levels: reports,
  }
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
