/** What is wrong with a tenant that has the right shape: each field in the words of the wire, what was found, what is allowed. */
import type { FieldProblem } from '@atp/core/errors'
import type { LimitDefinition } from './limit-definition.ts'
import type { Tenant } from './tenant.ts'

/** Keeps the ids of observations apart, and every line that holds one readable. */
export const TENANT_ID_PATTERN = '^[a-z0-9](?:[a-z0-9._-]{0,62}[a-z0-9])?$'
export const MOST_LIMITS = 32

const TENANT_ID = new RegExp(TENANT_ID_PATTERN)
const DURATION = /^[1-9][0-9]{0,7}(?:ms|s|m|h|d)$/
const CALENDAR = ['day', 'month']

export function tenantProblems(tenant: Tenant): FieldProblem[] {
  return [...identityProblems(tenant), ...limitProblems(tenant.limits)]
}

function* identityProblems({ id, timeZone, limits }: Tenant): Generator<FieldProblem> {
  if (!TENANT_ID.test(id)) {
    yield {
      field: 'id',
      found: JSON.stringify(id),
      allowed: 'up to 64 of a-z, 0-9, dot, hyphen and underscore, a letter or digit at both ends',
    }
  }
  if (!isTimeZone(timeZone)) {
    const allowed = 'the IANA name of a time zone, such as Europe/Berlin'
    yield { field: 'time_zone', found: JSON.stringify(timeZone), allowed }
  }
  if (limits.length > MOST_LIMITS) {
    yield { field: 'limits', found: `${limits.length} limits`, allowed: `at most ${MOST_LIMITS}` }
  }
}

function* limitProblems(limits: readonly LimitDefinition[]): Generator<FieldProblem> {
  const ids = new Set<string>()
  for (const [index, limit] of limits.entries()) {
    const at = `limits[${index}]`
    yield* problemsOfLimit(at, limit)
    if (limit.id === undefined) continue
    if (ids.has(limit.id)) {
      yield { field: `${at}.id`, found: JSON.stringify(limit.id), allowed: 'an id of its own' }
    }
    ids.add(limit.id)
  }
}

function* problemsOfLimit(at: string, limit: LimitDefinition): Generator<FieldProblem> {
  const { scope, key, model, counts, per, amount, burst } = limit
  if (counts === 'concurrent' ? per !== null : !isPeriod(per)) {
    const allowed =
      counts === 'concurrent'
        ? 'null: requests under way are counted, not requests in a time'
        : 'a duration such as 1s, 1m or 24h, day, or month'
    yield { field: `${at}.per`, found: JSON.stringify(per), allowed }
  }
  if (counts !== 'cost_usd' && !Number.isInteger(amount)) {
    yield { field: `${at}.amount`, found: `${amount}`, allowed: `a whole number of ${counts}` }
  }
  if (key !== undefined && scope !== 'key') yield misplaced(`${at}.key`, key, 'scope key')
  if (model !== undefined && scope !== 'model') yield misplaced(`${at}.model`, model, 'scope model')
  if (burst === undefined) return
  if (per === null || CALENDAR.includes(per)) {
    yield misplaced(`${at}.burst`, burst, 'a limit per duration')
  } else if (burst > amount) {
    yield { field: `${at}.burst`, found: `${burst}`, allowed: `at most the amount, ${amount}` }
  }
}

function misplaced(field: string, found: string | number, where: string): FieldProblem {
  return { field, found: JSON.stringify(found), allowed: `nothing, but in ${where}` }
}

function isPeriod(per: string | null): boolean {
  return per !== null && (DURATION.test(per) || CALENDAR.includes(per))
}

function isTimeZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: name })
    return true
  } catch {
    return false
  }
}
