/** A pacer for each tenant that has a budget: the one that is configured, or the pace of its own quotas of money, whichever is less. */
import type { TenantId } from '@atp/core/ids'
import { type ArmForecast, BudgetPacer } from './budget-pacer.ts'
import { type QuotaLeft, QuotaPace } from './quota-pace.ts'

interface Paced {
  readonly pace: QuotaPace
  pacer: BudgetPacer | null
}

export class TenantPacers {
  readonly #budgetUsd: number | null
  readonly #replicas: () => number
  readonly #paced = new Map<TenantId, Paced>()

  /**
   * @param budgetUsd mean US dollars a request, of each tenant; null keeps no budget but that of its quotas
   * @param replicas that share the quotas, this one included
   */
  constructor(budgetUsd: number | null, replicas: () => number = () => 1) {
    this.#budgetUsd = budgetUsd
    this.#replicas = replicas
  }

  /** Null where the tenant may spend what it likes. */
  of(tenant: TenantId): BudgetPacer | null {
    const known = this.#paced.get(tenant)
    if (known !== undefined || this.#budgetUsd === null) return known?.pacer ?? null
    return this.#add(tenant).pacer
  }

  /**
   * A request came.
   * @param forecasts of the arms that may answer it; null where the gateway doesn't choose
   * @param now monotonic milliseconds
   */
  arrive(tenant: TenantId, forecasts: readonly ArmForecast[] | null, now: number): void {
    const pacer = this.of(tenant)
    const paced = this.#paced.get(tenant)
    if (pacer === null || paced === undefined) return
    // Before it is counted itself: what is expected is what comes beside it.
    this.#budget(paced, now)
    paced.pace.arrive(now)
    if (forecasts !== null) pacer.arrive(forecasts)
  }

  /** What the limiter said last of the tenant's quotas of money; none where it has none that is enforced. */
  told(tenant: TenantId, quotas: readonly QuotaLeft[], now: number): void {
    if (quotas.length === 0 && !this.#paced.has(tenant)) return
    const paced = this.#paced.get(tenant) ?? this.#add(tenant)
    paced.pace.told(quotas, now)
    if (quotas.length > 0) this.#budget(paced, now)
    else if (this.#budgetUsd === null) paced.pacer = null
    else paced.pacer?.rebudget(this.#budgetUsd)
  }

  #add(tenant: TenantId): Paced {
    const pacer = this.#budgetUsd === null ? null : new BudgetPacer(this.#budgetUsd)
    const paced = { pace: new QuotaPace(this.#replicas), pacer }
    this.#paced.set(tenant, paced)
    return paced
  }

  /** A quota that has begun anew is unknown until the limiter speaks of it: the budget stays. */
  #budget(paced: Paced, now: number): void {
    const quotaUsd = paced.pace.budgetUsd(now)
    if (quotaUsd === null) return
    const budgetUsd = Math.min(quotaUsd, this.#budgetUsd ?? quotaUsd)
    if (paced.pacer === null) paced.pacer = new BudgetPacer(budgetUsd, 'pace')
    else paced.pacer.rebudget(budgetUsd)
  }
}
