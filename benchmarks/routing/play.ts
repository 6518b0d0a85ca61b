/** One policy through one shuffle of one scenario. */
import { median } from '../shared/statistics.ts'
import type { Row } from './data.ts'
import type { Policy } from './policies.ts'
import type { Scenario } from './scenarios.ts'
import { Random, type Shuffle } from './shuffle.ts'

/** How long a policy takes, where it was watched: medians over the rows in microseconds, and whole cycles over all of them. */
export interface Speed {
  readonly chooseUs: number
  readonly learnUs: number
  readonly cyclesPerSecond: number
}

export interface Played {
  /** Means over the rows. */
  readonly reward: number
  readonly costUsd: number
  /** Mean reward of the last rows: what was learned. */
  readonly lastReward: number
  /** The most that 1,000 rows in a row cost beyond their budget, the dearest single answer among them left out; as a share. */
  readonly overspend: number
  /** Mean reward of each third of the rows. */
  readonly thirds: readonly number[]
  /** Requests after a newcomer came until it had its share; null where none came, or never had it. */
  readonly adoptedAfter: number | null
  readonly speed?: Speed
}

const LAST_ROWS = 2_000
const WINDOW = 1_000
/** A newcomer is adopted when it has this part of the share that it has in the last quarter, over so many requests. */
const ADOPTED = { share: 0.8, requests: 20 }

export function play(
  policy: Policy,
  { rows, hashes, seed }: Shuffle,
  scenario: Scenario,
  budgetUsd: number,
): Played {
  const judged = new Random(seed + 2)
  const best = bestArm(rows)
  const newcomer = scenario.newcomer === true ? hashes.length - 1 : null
  const comesAt = Math.ceil(rows.length / 2)
  const chosen: number[] = []
  const rewards: number[] = []
  const costs: number[] = []
  const choosing: number[] = []
  const learning: number[] = []
  for (const [step, row] of rows.entries()) {
    const progress = step / rows.length
    if (newcomer !== null && step === comesAt) policy.welcome(hashes[newcomer] as number)
    const began = performance.now()
    const arm = policy.choose(row.features, step)
    choosing.push(performance.now() - began)
    const { reward, cost } = scenario.answer(row, arm, progress, best)
    const known = scenario.feedback === 1 || judged.uniform() < scenario.feedback
    const answered = performance.now()
    policy.learn(arm, row.features, known ? reward : null, cost)
    learning.push(performance.now() - answered)
    chosen.push(arm)
    rewards.push(reward)
    costs.push(cost)
  }
  const adoptedAfter = newcomer === null ? null : adoption(chosen.slice(comesAt), newcomer)
  return { ...playedOf(rewards, costs, budgetUsd), adoptedAfter, speed: speedOf(choosing, learning) }
}

/** @param choosing milliseconds of each row, like `learning` */
function speedOf(choosing: readonly number[], learning: readonly number[]): Speed {
  return {
    chooseUs: 1e3 * median(choosing),
    learnUs: 1e3 * median(learning),
    cyclesPerSecond: 1e3 / (mean(choosing) + mean(learning)),
  }
}

/** @param rewards row by row, like `costs` (US dollars) */
export function playedOf(rewards: readonly number[], costs: readonly number[], budgetUsd: number): Played {
  return {
    reward: mean(rewards),
    costUsd: mean(costs),
    lastReward: mean(rewards.slice(-LAST_ROWS)),
    overspend: overspend(costs, budgetUsd),
    thirds: [0, 1, 2].map(third => mean(thirdOf(rewards, third))),
    adoptedAfter: null,
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

export function thirdOf<Value>(values: readonly Value[], third: number): readonly Value[] {
  return values.slice(Math.floor((third * values.length) / 3), Math.floor(((third + 1) * values.length) / 3))
}

/** @param chosen arms, from the newcomer's first request on */
function adoption(chosen: readonly number[], newcomer: number): number | null {
  const hits = chosen.map(arm => Number(arm === newcomer))
  const lasting = mean(hits.slice(-Math.ceil(hits.length / 2)))
  const wanted = ADOPTED.share * lasting * ADOPTED.requests
  let recent = 0
  for (const [at, hit] of hits.entries()) {
    recent += hit - (hits[at - ADOPTED.requests] ?? 0)
    if (lasting > 0 && recent >= wanted) return at + 1
  }
  return null
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
