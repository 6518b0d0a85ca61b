/** The results as a table for people; `routing.json` has the same. */
import type { Played } from './play.ts'

export interface MeanEstimate {
  readonly mean: number
  /** 95% interval of the mean. */
  readonly low: number
  readonly high: number
}

export interface RoutingResult {
  readonly scenario: string
  readonly policy: string
  readonly budgetUsd: number
  readonly reward: MeanEstimate
  readonly costUsd: MeanEstimate
  /** Over the last 2,000 rows. */
  readonly lastReward?: MeanEstimate
  /** In the worst 1,000 rows of any shuffle, the dearest answer left out; a share of their budget, negative below it. */
  readonly worstOverspend?: number
}

/** Normal: a mean of some fifty shuffles is close to it. */
export function meanEstimate(values: readonly number[]): MeanEstimate {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1)
  const half = 1.96 * Math.sqrt(variance / values.length)
  return { mean, low: mean - half, high: mean + half }
}

export function summaryOf(played: readonly Played[]) {
  return {
    reward: meanEstimate(played.map(({ reward }) => reward)),
    costUsd: meanEstimate(played.map(({ costUsd }) => costUsd)),
    lastReward: meanEstimate(played.map(({ lastReward }) => lastReward)),
    worstOverspend: Math.max(...played.map(({ overspend }) => overspend)),
  } as const
}

export function tableOf(results: readonly RoutingResult[]): string {
  const groups = Map.groupBy(results, ({ scenario, budgetUsd }) => `${scenario}, $${budgetUsd} a request`)
  return [...groups]
    .map(([title, group]) => [`\n### ${title}\n`, HEAD, ...group.map(line)].join('\n'))
    .join('\n')
}

const HEAD = `| policy | reward, 95% interval | last 2,000 | cost / budget | worst 1,000 rows |
| --- | ---: | ---: | ---: | ---: |`

function line({ policy, reward, costUsd, budgetUsd, lastReward, worstOverspend }: RoutingResult): string {
  const sampled = reward.low === reward.high ? '' : ` (${reward.low.toFixed(4)} to ${reward.high.toFixed(4)})`
  const overspend = worstOverspend === undefined ? '' : `${(100 * worstOverspend).toFixed(1)}%`
  const last = lastReward === undefined ? '' : lastReward.mean.toFixed(4)
  const share = (costUsd.mean / budgetUsd).toFixed(3)
  return `| ${policy} | ${reward.mean.toFixed(4)}${sampled} | ${last} | ${share} | ${overspend} |`
}
