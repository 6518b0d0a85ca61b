/** Answers of the scripts as verdicts: doubles, little-endian, which cost neither side a digit. */
import {
  IN_FLIGHT_ID,
  type LevelReport,
  type PreparedLimit,
  type Settlement,
  type Verdict,
} from '@atp/domain/limit'

const BYTES = 8
/** How many numbers an answer has before its levels, and for each of them. */
const HEAD = 4
const PER_LEVEL = 4
const PER_WINDOW = 2

const ADMITTED = 1
const STALE = 2
const SETTLEMENTS: readonly Settlement[] = ['unknown', 'settled', 'corrected']

export interface Answer {
  readonly verdict: Verdict
  /** The tenant's latest write, microseconds. */
  readonly latest: number
}

/** @param leased whether something of these levels is settled later */
export function decodeAdmission(
  answer: Buffer,
  levels: readonly PreparedLimit[],
  leased: boolean,
  inFlightMax: number,
): Answer {
  const code = numberAt(answer, 0)
  // A time: where windows are decided at once no more is said than that they were.
  if (code > STALE) {
    const reports = levels.map(({ limit }, index) => windowReport(limit, answer, 1 + PER_WINDOW * index))
    return { verdict: { kind: 'admitted', levels: reports, leased }, latest: code }
  }
  if (code === STALE) return { verdict: { kind: 'stale' }, latest: 0 }
  const latest = numberAt(answer, 1)
  const reports: LevelReport[] = []
  for (const { limit } of levels) reports.push(reportOf(limit, answer, HEAD + PER_LEVEL * reports.length))
  if (code === ADMITTED) return { verdict: { kind: 'admitted', levels: reports, leased }, latest }
  const by = reports[numberAt(answer, 2) - 1] ?? tooManyInFlight(inFlightMax)
  const waitUs = numberAt(answer, 3)
  const retryAfterMs = waitUs < 0 ? null : Math.ceil(waitUs / 1_000)
  return { verdict: { kind: 'denied', by, retryAfterMs, levels: reports }, latest }
}

export function decodeSettlement(answer: Buffer): {
  readonly settlement: Settlement
  readonly latest: number
} {
  return { settlement: SETTLEMENTS[numberAt(answer, 0)] as Settlement, latest: numberAt(answer, 1) }
}

function reportOf(limit: LevelReport['limit'], answer: Buffer, at: number): LevelReport {
  const counted = numberAt(answer, at)
  const reserved = numberAt(answer, at + 1)
  const resetUs = numberAt(answer, at + 2)
  return {
    limit,
    used: counted - reserved,
    reserved,
    remaining: Math.max(0, (limit.kind === 'bucket' ? limit.burst : limit.amount) - counted),
    resetMs: resetUs < 0 ? null : Math.ceil(resetUs / 1_000),
    exceeded: numberAt(answer, at + 3) === 1,
  }
}

function windowReport(limit: LevelReport['limit'], answer: Buffer, at: number): LevelReport {
  const used = numberAt(answer, at)
  const remaining = Math.max(0, limit.amount - used)
  const resetMs = Math.ceil(numberAt(answer, at + 1) / 1_000)
  return { limit, used, reserved: 0, remaining, resetMs, exceeded: false }
}

function numberAt(answer: Buffer, index: number): number {
  return answer.readDoubleLE(BYTES * index)
}

function tooManyInFlight(amount: number): LevelReport {
  const limit = { id: IN_FLIGHT_ID, kind: 'concurrent', amount } as const
  return { limit, used: 0, reserved: amount, remaining: 0, resetMs: null, exceeded: true }
}
