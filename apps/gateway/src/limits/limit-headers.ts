/**
 * How much is left, as headers: `RateLimit` and `RateLimit-Policy` of the IETF draft (draft-ietf-httpapi-ratelimit-headers), one item
 * a limit, and OpenAI's `x-ratelimit-*` of the limits on requests and tokens that leave least. Money is in micro-dollars.
 */
import type { LevelReport } from '@atp/domain/limit'
import type { TenantLimit } from '@atp/domain/tenant'

const UNIT = {
  requests: 'requests',
  tokens: 'tokens',
  cost_usd: 'micro-usd',
  concurrent: 'concurrent-requests',
}
/** Seconds of the longest month: a calendar's policy names no exact window. */
const CALENDAR_S = { day: 86_400, month: 2_678_400 }
const OPENAI = ['requests', 'tokens'] as const

/** Runs for every answer: one pass, and no list that is thrown away. */
export function limitHeaders(levels: readonly LevelReport[]): Record<string, string> {
  const headers: Record<string, string> = {}
  let policies = ''
  let states = ''
  for (const level of levels) {
    if (level.limit.shadow === true) continue
    const name = nameOf(level.limit)
    const separator = policies === '' ? '' : ', '
    policies += separator + name + policyOf(level.limit as TenantLimit)
    states += separator + name + stateOf(level)
  }
  if (policies === '') return headers
  headers['ratelimit-policy'] = policies
  headers.ratelimit = states
  for (const counts of OPENAI) addOpenAi(headers, counts, levels)
  return headers
}

function policyOf(limit: TenantLimit): string {
  const window = windowOf(limit)
  const amount = `;q=${integer(limit.amount)};qu="${UNIT[limit.definition.counts]}"`
  return window === null ? amount : `${amount};w=${window}`
}

function stateOf({ remaining, resetMs }: LevelReport): string {
  const left = `;r=${integer(remaining)}`
  return resetMs === null ? left : `${left};t=${Math.ceil(resetMs / 1_000)}`
}

const PLAIN = /^[\w/:.-]*$/

/** A string of structured fields (RFC 9651): visible ASCII, and neither quotes nor backslashes, which are percent-encoded, too. */
function nameOf({ id }: LevelReport['limit']): string {
  return PLAIN.test(id) ? `"${id}"` : `"${encodeURI(id.toWellFormed())}"`
}

/** An integer of structured fields has no more than 15 digits. */
function integer(figure: number): number {
  return Math.min(figure, 999_999_999_999_999)
}

function windowOf(limit: TenantLimit): number | null {
  if (limit.kind === 'concurrent') return null
  return limit.kind === 'calendar' ? CALENDAR_S[limit.period] : Math.ceil(limit.windowUs / 1_000_000)
}

function addOpenAi(
  headers: Record<string, string>,
  counts: (typeof OPENAI)[number],
  levels: readonly LevelReport[],
): void {
  let tightest: LevelReport | null = null
  for (const level of levels) {
    const { definition, shadow } = level.limit as TenantLimit
    if (shadow === true || definition.counts !== counts) continue
    if (tightest === null || level.remaining < tightest.remaining) tightest = level
  }
  if (tightest === null) return
  headers[`x-ratelimit-limit-${counts}`] = String(tightest.limit.amount)
  headers[`x-ratelimit-remaining-${counts}`] = String(tightest.remaining)
  headers[`x-ratelimit-reset-${counts}`] = `${Math.ceil(tightest.resetMs ?? 0)}ms`
}
