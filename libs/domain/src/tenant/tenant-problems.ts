/** What is wrong with a tenant that has the right shape: each field in the words of the wire, what was found, what is allowed. */
import { AtpError, type FieldProblem } from '@atp/core/errors'
import { checkLimit } from '../limit/limit.ts'
import type { LimitDefinition } from './limit-definition.ts'
import type { Tenant } from './tenant.ts'
import { limitOf, nameOf } from './tenant-limits.ts'

/** Keeps the ids of observations apart, and every line that holds one readable. */
export const TENANT_ID_PATTERN = '^[a-z0-9](?:[a-z0-9._-]{0,62}[a-z0-9])?$'
export const MOST_LIMITS = 32

const TENANT_ID = new RegExp(TENANT_ID_PATTERN)
const DURATION = /^[1-9][0-9]{0,7}(?:ms|s|m|h|d)$/
const CALENDAR = ['day', 'month']

export function tenantProblems(tenant: Tenant): FieldProblem[] {
  return [...identityProblems(tenant), ...limitProblems(tenant)]
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

function* limitProblems(tenant: Tenant): Generator<FieldProblem> {
  const names = new Set<string>()
  for (const [index, limit] of tenant.limits.entries()) {
    const at = `limits[${index}]`
    const problems = [...problemsOfLimit(at, limit)]
    yield* problems.length > 0 ? problems : compiledProblems(at, limit, index, tenant)
    const name = nameOf(limit, index)
    if (names.has(name))
      yield {
        field: `${at}.id`,
        found: JSON.stringify(name),
        allowed: 'an id of its own: a limit without one is named by its scope, what it counts and per',
      }
    names.add(name)
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

/** What no limiter can count: too much money, a time too long, a burst too fine. */
function* compiledProblems(
  at: string,
  definition: LimitDefinition,
  index: number,
  tenant: Tenant,
): Generator<FieldProblem> {
  const unit = definition.counts === 'cost_usd' ? ' micro-dollars' : ''
  try {
    checkLimit(limitOf(definition, index, tenant, definition.scope))
  } catch (error) {
    if (!(error instanceof AtpError)) throw error
    for (const { field, found, allowed } of error.problems) {
      yield field === 'windowUs'
        ? { field: `${at}.per`, found: JSON.stringify(definition.per), allowed: 'up to 71 years' }
        : { field: `${at}.${field}`, found: `${found}${unit}`, allowed: `${allowed}${unit}` }
    }
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
