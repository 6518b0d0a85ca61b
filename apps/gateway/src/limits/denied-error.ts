/** A denial as the caller reads it: which limit, whose, how full it is, and when to come back. */
import { AtpError } from '@atp/core/errors'
import type { Denied } from '@atp/domain/limit'
import type { TenantLimit } from '@atp/domain/tenant'
import { limitHeaders } from './limit-headers.ts'

const MICRO_USD = 1_000_000

export function deniedError({ by, retryAfterMs, levels }: Denied): AtpError {
  const { definition, name, kind, amount } = by.limit as TenantLimit
  const { scope, counts, per } = definition
  const inUnits = (figure: number) => (counts === 'cost_usd' ? figure / MICRO_USD : figure)
  const used = inUnits(by.used)
  const reserved = inUnits(by.reserved)
  const period = per === null ? 'at once' : per === 'day' || per === 'month' ? `a ${per}` : `in ${per}`
  const holding = reserved > 0 ? `${used} used and ${reserved} reserved` : `${used} used`
  return new AtpError(kind === 'calendar' ? 'quota_exceeded' : 'rate_limit_exceeded', {
    detail: `the ${scope}'s limit '${name}' of ${inUnits(amount)} ${counts} ${period} has no room: ${holding}`,
    context: {
      limit: {
        scope,
        level: name,
        counts,
        per,
        limit: inUnits(amount),
        used,
        reserved,
        reset_ms: by.resetMs,
      },
    },
    headers: limitHeaders(levels),
    ...(retryAfterMs === null ? {} : { retryAfterMs }),
  })
}
