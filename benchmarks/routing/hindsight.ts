/** What could have been had, known only in hindsight: the honest rivals of any online policy. */
import type { Row } from './data.ts'
import { mean } from './play.ts'

export interface Hindsight {
  readonly policy: string
  readonly reward: number
  readonly costUsd: number
}

/** Each model alone, the best of them and the best mix inside the budget, the best choice per prompt with and without it. */
export function hindsight(rows: readonly Row[], arms: readonly string[], budgetUsd: number): Hindsight[] {
  const alone = aloneOf(rows).map(figures => ({ ...figures, policy: `always ${arms[figures.arm]}` }))
  const inside = alone
    .filter(({ costUsd }) => costUsd <= budgetUsd)
    .toSorted((a, b) => b.reward - a.reward)[0]
  const bestFixed = inside === undefined ? [] : [{ ...inside, policy: `best fixed inside the budget` }]
  return [
    ...alone,
    ...bestFixed,
    bestMix(alone, budgetUsd),
    { ...perPrompt(rows, budgetUsd), policy: 'clairvoyant inside the budget' },
    { ...perPrompt(rows, Number.POSITIVE_INFINITY), policy: 'oracle' },
  ]
}

/** The arm that earns most alone and keeps the budget, or the cheapest where none does. */
export function bestInside(rows: readonly Row[], budgetUsd: number): number {
  const alone = aloneOf(rows)
  const inside = alone.filter(({ costUsd }) => costUsd <= budgetUsd)
  const [best] =
    inside.length > 0
      ? inside.sort((a, b) => b.reward - a.reward)
      : alone.sort((a, b) => a.costUsd - b.costUsd)
  return best?.arm ?? 0
}

function aloneOf(rows: readonly Row[]) {
  return (rows[0]?.rewards ?? []).map((_, arm) => ({
    arm,
    reward: mean(rows.map(({ rewards }) => rewards[arm] as number)),
    costUsd: mean(rows.map(({ costs }) => costs[arm] as number)),
  }))
}

/** Two models, drawn blindly, are enough for the best mix under one constraint. */
function bestMix(alone: readonly Hindsight[], budgetUsd: number): Hindsight {
  let best: Hindsight = { policy: 'best static mix', reward: Number.NaN, costUsd: Number.NaN }
  for (const cheap of alone.filter(({ costUsd }) => costUsd <= budgetUsd)) {
    for (const dear of alone) {
      const span = dear.costUsd - cheap.costUsd
      const share = span <= 0 ? 1 : Math.min(1, (budgetUsd - cheap.costUsd) / span)
      const reward = cheap.reward + share * (dear.reward - cheap.reward)
      if (!(reward <= best.reward)) {
        best = { policy: 'best static mix', reward, costUsd: cheap.costUsd + share * span }
      }
    }
  }
  return best
}

/** Each prompt's best model at the lowest price on money that keeps the budget. */
function perPrompt(rows: readonly Row[], budgetUsd: number): Omit<Hindsight, 'policy'> {
  const at = (price: number) => {
    const chosen = rows.map(({ rewards, costs }) => {
      const utilities = rewards.map((reward, arm) => reward - price * (costs[arm] as number))
      const arm = utilities.indexOf(Math.max(...utilities))
      return { reward: rewards[arm] as number, cost: costs[arm] as number }
    })
    return { reward: mean(chosen.map(({ reward }) => reward)), costUsd: mean(chosen.map(({ cost }) => cost)) }
  }
  if (at(0).costUsd <= budgetUsd) return at(0)
  let [low, high] = [0, 1e6]
  for (let step = 0; step < 50; step += 1) {
    const middle = (low + high) / 2
    if (at(middle).costUsd > budgetUsd) low = middle
    else high = middle
  }
  return at(high)
}
