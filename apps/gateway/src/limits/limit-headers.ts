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

export function limitHeaders(levels: readonly LevelReport[]): Record<string, string> {
  const enforced = levels.filter(({ limit }) => limit.shadow !== true)
  if (enforced.length === 0) return {}
  return {
    'ratelimit-policy': enforced.map(policy).join(', '),
    ratelimit: enforced.map(state).join(', '),
    ...openAi('requests', enforced),
    ...openAi('tokens', enforced),
  }
}

function policy({ limit }: LevelReport): string {
  const { definition, amount } = limit as TenantLimit
  const window = windowOf(limit as TenantLimit)
  const unit = UNIT[definition.counts]
  return `${nameOf(limit)};q=${integer(amount)};qu="${unit}"${window === null ? '' : `;w=${window}`}`
}

function state({ limit, remaining, resetMs }: LevelReport): string {
  return `${nameOf(limit)};r=${integer(remaining)}${resetMs === null ? '' : `;t=${Math.ceil(resetMs / 1_000)}`}`
}

/** A string of structured fields (RFC 9651): visible ASCII, and neither quotes nor backslashes, which are percent-encoded, too. */
function nameOf(limit: LevelReport['limit']): string {
  return `"${encodeURI(limit.id.toWellFormed())}"`
}

/** An integer of structured fields has no more than 15 digits. */
function integer(figure: number): number {
  return Math.min(figure, 999_999_999_999_999)
}

function windowOf(limit: TenantLimit): number | null {
  if (limit.kind === 'concurrent') return null
  return limit.kind === 'calendar' ? CALENDAR_S[limit.period] : Math.ceil(limit.windowUs / 1_000_000)
}

function openAi(counts: 'requests' | 'tokens', levels: readonly LevelReport[]): Record<string, string> {
  let tightest: LevelReport | null = null
  for (const level of levels) {
    if ((level.limit as TenantLimit).definition.counts !== counts) continue
    if (tightest === null || level.remaining < tightest.remaining) tightest = level
  }
  if (tightest === null) return {}
  return {
    [`x-ratelimit-limit-${counts}`]: String(tightest.limit.amount),
    [`x-ratelimit-remaining-${counts}`]: String(tightest.remaining),
    [`x-ratelimit-reset-${counts}`]: `${Math.ceil(tightest.resetMs ?? 0)}ms`,
  }
}
