/** A tenant's limits as the limiter takes them: which of them count for a call of a model with a key, and under which ids. */
import type { KeyId } from '@atp/core/ids'
import type { CalendarLimit, Limit, Measure } from '../limit/limit.ts'
import type { Arm } from '../routing/arm.ts'
import type { Counted, LimitDefinition } from './limit-definition.ts'
import type { Tenant } from './tenant.ts'

/** A limit, and what it was compiled from. */
export type TenantLimit = Limit & { readonly definition: LimitDefinition; readonly name: string }

/** Whose call it is. */
export interface Subject {
  /** Null where nobody was asked for a key. */
  readonly key: KeyId | null
  readonly arm: Pick<Arm, 'id' | 'model'>
}

const MEASURE: Readonly<Record<Exclude<Counted, 'concurrent'>, Measure>> = {
  requests: 'requests',
  tokens: 'tokens',
  cost_usd: 'cost',
}
const MICRO_USD = 1_000_000
const UNIT_US: Readonly<Record<string, number>> = {
  ms: 1_000,
  s: 1_000_000,
  m: 60_000_000,
  h: 3_600_000_000,
  d: 86_400_000_000,
}

/** Compiled once for each tenant as it stands, key and model: the same objects then, which limiters remember. */
export class TenantLimits {
  readonly #compiled = new WeakMap<Tenant, Map<string, readonly TenantLimit[]>>()

  of(tenant: Tenant, subject: Subject): readonly TenantLimit[] {
    if (tenant.limits.length === 0) return NO_LIMITS
    let known = this.#compiled.get(tenant)
    if (known === undefined) {
      known = new Map()
      this.#compiled.set(tenant, known)
    }
    const name = `${subject.key}\n${subject.arm.id}`
    let limits = known.get(name)
    if (limits === undefined) {
      limits = tenant.limits.flatMap((definition, index) => compiled(definition, index, tenant, subject))
      known.set(name, limits)
    }
    return limits
  }
}

const NO_LIMITS: readonly TenantLimit[] = []

function compiled(
  definition: LimitDefinition,
  index: number,
  tenant: Tenant,
  subject: Subject,
): readonly TenantLimit[] {
  const whose = ownerOf(definition, subject)
  return whose === null ? [] : [limitOf(definition, index, tenant, whose)]
}

/** @param whose as `ownerOf` names it: what is counted under one id */
export function limitOf(
  definition: LimitDefinition,
  index: number,
  tenant: Tenant,
  whose: string,
): TenantLimit {
  const { counts, per, burst, shadow = false } = definition
  const name = nameOf(definition, index)
  // `#` has a meaning of its own where counts are stored.
  const id = `${whose}/${name}`.replaceAll('#', '%23')
  const amount = counts === 'cost_usd' ? Math.round(definition.amount * MICRO_USD) : definition.amount
  const common = { id, name, amount, shadow, definition }
  if (counts === 'concurrent' || per === null) return { ...common, kind: 'concurrent' }
  const measure = MEASURE[counts]
  if (per === 'day' || per === 'month') {
    const { timeZone } = tenant
    return { ...common, kind: 'calendar', counts: measure, period: per, timeZone } satisfies CalendarLimit &
      TenantLimit
  }
  const windowUs = microseconds(per)
  return burst === undefined
    ? { ...common, kind: 'sliding', counts: measure, windowUs }
    : {
        ...common,
        kind: 'bucket',
        counts: measure,
        windowUs,
        burst: counts === 'cost_usd' ? Math.round(burst * MICRO_USD) : burst,
      }
}

/** By which it is known in answers, and counted: by its place only where it was stored before each had an id. */
export function nameOf({ id, counts, per }: LimitDefinition, index: number): string {
  return id ?? `${counts}-${per ?? 'now'}-${index}`
}

/** Who shares the count: null where the limit does not hold for the call. */
export function ownerOf(
  { scope, key, model }: LimitDefinition,
  { key: caller, arm }: Subject,
): string | null {
  if (scope === 'tenant') return 'tenant'
  if (scope === 'key')
    return caller === null || (key !== undefined && key !== caller) ? null : `key/${caller}`
  if (model === undefined) return `model/${arm.id}`
  return model === arm.id || model === arm.model ? `model/${model}` : null
}

function microseconds(duration: string): number {
  const [, digits = '', unit = ''] = /^(\d+)([a-z]+)$/.exec(duration) ?? []
  return Number(digits) * (UNIT_US[unit] as number)
}
