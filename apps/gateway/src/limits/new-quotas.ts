/**
 * A quota that is added to a tenant who spends already counts what was spent since its day or month began: its tenant's counters are begun
 * again from the record. Each replica sees to it when it learns of the change, so that a sum that another has still made for the limits
 * of before does not stay.
 */
import { type Limiter, levelName } from '@atp/domain/limit'
import { limitOf, type Tenant } from '@atp/domain/tenant'

export class NewQuotas {
  readonly #limiter: Pick<Limiter, 'invalidate'>
  /** Tenants whose counters lack a quota, with the attempt to say so; null where it has failed. */
  readonly #lacking = new Map<string, Promise<void> | null>()

  constructor(limiter: Pick<Limiter, 'invalidate'>) {
    this.#limiter = limiter
  }

  /** Told as soon as requests are decided by the new limits. */
  changed(before: Tenant, after: Tenant): void {
    const known = new Set(quotas(before))
    if (!quotas(after).every(quota => known.has(quota))) void this.#begin(after.id)
  }

  /**
   * Null where nothing is new; else for a request to wait for, before it is decided. Where the limits are away, their policy decides, and
   * the next request tries again.
   */
  settled(tenant: string): Promise<void> | null {
    const attempt = this.#lacking.get(tenant)
    return attempt === undefined ? null : (attempt ?? this.#begin(tenant))
  }

  #begin(tenant: string): Promise<void> {
    const isLatest = () => this.#lacking.get(tenant) === attempt
    const attempt = this.#limiter.invalidate(tenant).then(
      () => {
        if (isLatest()) this.#lacking.delete(tenant)
      },
      () => {
        if (isLatest()) this.#lacking.set(tenant, null)
      },
    )
    this.#lacking.set(tenant, attempt)
    return attempt
  }
}

/** Under which names they count, whosoever they are. */
function quotas(tenant: Tenant): string[] {
  return tenant.limits.flatMap((definition, index) => {
    const { scope, key = '', model = '' } = definition
    const limit = limitOf(definition, index, tenant, `${scope}/${key}${model}`)
    return limit.kind === 'calendar' ? [levelName(limit)] : []
  })
}
