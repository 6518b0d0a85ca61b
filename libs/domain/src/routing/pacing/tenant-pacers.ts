/** A pacer for each tenant that has a budget. */
import type { TenantId } from '@atp/core/ids'
import { BudgetPacer } from './budget-pacer.ts'

export class TenantPacers {
  readonly #budgetUsd: number | null
  readonly #pacers = new Map<TenantId, BudgetPacer>()

  /** @param budgetUsd mean US dollars a request, of each tenant; null keeps no budget */
  constructor(budgetUsd: number | null) {
    this.#budgetUsd = budgetUsd
  }

  /** Null where the tenant may spend what it likes. */
  of(tenant: TenantId): BudgetPacer | null {
    if (this.#budgetUsd === null) return null
    const known = this.#pacers.get(tenant)
    if (known !== undefined) return known
    const pacer = new BudgetPacer(this.#budgetUsd)
    this.#pacers.set(tenant, pacer)
    return pacer
  }
}
