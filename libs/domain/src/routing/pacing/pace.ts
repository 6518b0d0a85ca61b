/** Keeps a plan inside its tenant's budget: money gets its price, and what the budget cannot bear now is left out. */
import type { Exclusion } from '../request.ts'
import type { ArmForecast, BudgetPacer } from './budget-pacer.ts'

export interface PacedArm extends ArmForecast {
  /** What the arm's answers cost on average, US dollars. */
  readonly meanUsd: number
}

/**
 * @param arms that may answer
 * @returns of each, why the budget leaves it out, or null; the cheapest stays: a request is served
 */
export function beyondBudget(pacer: BudgetPacer, arms: readonly PacedArm[]): (readonly Exclusion[] | null)[] {
  const cheapest = Math.min(...arms.map(({ costUsd }) => costUsd))
  return arms.map(({ costUsd, meanUsd }) => {
    if (costUsd === cheapest || pacer.affords(costUsd, meanUsd)) return null
    const detail = `expected to cost $${costUsd.toPrecision(3)}: more than the budget has saved up now`
    return [{ reason: 'budget', detail }]
  })
}
