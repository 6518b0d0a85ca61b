/** Sums from which counters are begun again. */
import { AtpError } from '@atp/core/errors'
import { AMOUNT_MAX } from './limit.ts'
import type { Counter } from './limiter.ts'
import type { LimitPreparer, PreparedLimit } from './prepared.ts'

/** @throws {AtpError} `invalid_argument` where a limit has no calendar or a sum is none */
export function checkCounters(counters: readonly Counter[], preparer: LimitPreparer): PreparedLimit[] {
  const problems = counters.flatMap(({ limit, settled }, index) => {
    const field = `counters[${index}]`
    if (limit.kind !== 'calendar') return [{ field, found: limit.kind, allowed: 'a calendar limit' }]
    if (Number.isInteger(settled) && settled >= 0 && settled <= AMOUNT_MAX) return []
    return [
      { field: `${field}.settled`, found: String(settled), allowed: `an integer from 0 to ${AMOUNT_MAX}` },
    ]
  })
  if (problems.length > 0) throw new AtpError('invalid_argument', { detail: 'these are no sums', problems })
  return counters.map(({ limit }) => preparer.of(limit))
}
