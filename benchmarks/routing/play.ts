/** One policy through one shuffle of one scenario. */
import type { Row } from './data.ts'
import type { Policy } from './policies.ts'
import type { Scenario } from './scenarios.ts'
import { Random, type Shuffle } from './shuffle.ts'

export interface Played {
  /** Means over the rows. */
  readonly reward: number
  readonly costUsd: number
  /** Mean reward of the last rows: what was learned. */
  readonly lastReward: number
  /** The most that 1,000 rows in a row cost beyond their budget, the dearest single answer among them left out; as a share. */
  readonly overspend: number
}

const LAST_ROWS = 2_000
const WINDOW = 1_000

export function play(policy: Policy, { rows, seed }: Shuffle, scenario: Scenario, budgetUsd: number): Played {
  const judged = new Random(seed + 2)
  const best = bestArm(rows)
  const rewards: number[] = []
  const costs: number[] = []
  for (const [step, row] of rows.entries()) {
    const progress = step / rows.length
    const arm = policy.choose(row.features, step)
    const { reward, cost } = scenario.answer(row, arm, progress, best)
    const known = scenario.feedback === 1 || judged.uniform() < scenario.feedback
    policy.learn(arm, row.features, known ? reward : null, cost)
    rewards.push(reward)
    costs.push(cost)
  }
  return playedOf(rewards, costs, budgetUsd)
}

/** @param rewards row by row, like `costs` (US dollars) */
export function playedOf(rewards: readonly number[], costs: readonly number[], budgetUsd: number): Played {
  return {
    reward: mean(rewards),
    costUsd: mean(costs),
    lastReward: mean(rewards.slice(-LAST_ROWS)),
    overspend: overspend(costs, budgetUsd),
  }
}

export function bestArm(rows: readonly Row[]): number {
  const sums =
    rows[0]?.rewards.map((_, arm) => rows.reduce((sum, row) => sum + (row.rewards[arm] as number), 0)) ?? []
  return sums.indexOf(Math.max(...sums))
}

export function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}

function overspend(costs: readonly number[], budgetUsd: number): number {
  const length = Math.min(WINDOW, costs.length)
  let worst = Number.NEGATIVE_INFINITY
  let sum = 0
  for (const [step, cost] of costs.entries()) {
    sum += cost - (step >= length ? (costs[step - length] as number) : 0)
    if (step < length - 1) continue
    const dearest = Math.max(...costs.slice(step - length + 1, step + 1))
    worst = Math.max(worst, (sum - dearest) / (length * budgetUsd) - 1)
  }
  return worst
}
