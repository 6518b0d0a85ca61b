/** A denial as the caller reads it: which limit, whose, how full it is, and when to come back. */
import { AtpError } from '@atp/core/errors'
import type { Denied, Limit } from '@atp/domain/limit'
import type { LimitDefinition, TenantLimit } from '@atp/domain/tenant'
import { limitHeaders } from './limit-headers.ts'

const MICRO_USD = 1_000_000

export function deniedError({ by, retryAfterMs, levels }: Denied): AtpError {
  const { id, kind, amount } = by.limit
  const { name = id } = by.limit as Partial<TenantLimit>
  const { scope, counts, per } = definitionOf(by.limit)
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

/** Nobody wrote down how many reservations of a tenant are kept at one time; that denies too. */
export function definitionOf(limit: Limit): LimitDefinition {
  const { definition } = limit as Partial<TenantLimit>
  return definition ?? { scope: 'tenant', counts: 'concurrent', per: null, amount: limit.amount }
}
