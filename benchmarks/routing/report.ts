/** The results as a table for people; `routing.json` has the same. */
import { median } from '../shared/statistics.ts'
import type { Played, Speed } from './play.ts'

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
  /** Over each third of the rows. */
  readonly thirds?: readonly MeanEstimate[]
  /** Requests until a newcomer had its share, where one came: median and 90th percentile over the shuffles. */
  readonly adoptedAfter?: { readonly median: number; readonly p90: number }
  /** Medians over the shuffles. */
  readonly speed?: Speed
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
    thirds: [0, 1, 2].map(third => meanEstimate(played.map(({ thirds }) => thirds[third] as number))),
    ...adoptionOf(played),
    ...speedOf(played),
  }
}

function speedOf(played: readonly Played[]): Pick<RoutingResult, 'speed'> {
  const speeds = played.flatMap(({ speed }) => speed ?? [])
  if (speeds.length === 0) return {}
  const of = (figure: keyof Speed) => median(speeds.map(speed => speed[figure]))
  return {
    speed: { chooseUs: of('chooseUs'), learnUs: of('learnUs'), cyclesPerSecond: of('cyclesPerSecond') },
  }
}

function adoptionOf(played: readonly Played[]): Pick<RoutingResult, 'adoptedAfter'> {
  const after = played
    .map(({ adoptedAfter }) => adoptedAfter ?? Number.POSITIVE_INFINITY)
    .sort((a, b) => a - b)
  const at = (share: number) => after[Math.min(after.length - 1, Math.floor(share * after.length))] as number
  return at(0) === Number.POSITIVE_INFINITY ? {} : { adoptedAfter: { median: at(0.5), p90: at(0.9) } }
}

export function tableOf(results: readonly RoutingResult[]): string {
  const groups = Map.groupBy(results, ({ scenario, budgetUsd }) => `${scenario}, $${budgetUsd} a request`)
  return [...groups]
    .map(([title, group]) => [`\n### ${title}\n`, HEAD, ...group.map(line)].join('\n'))
    .join('\n')
}

const IN_README = [
  'best fixed inside the budget',
  'best static mix',
  'thompson, no context',
  'mabwiser',
  'vowpalwabbit',
  'muxer',
  'paretobandit',
  'atp',
  'gateway',
  'clairvoyant inside the budget',
]

/** Rewards of the stationary rows by budget, with what each policy spent of it. */
export function readmeTable(results: readonly RoutingResult[], rows: number, shuffles: number): string {
  const stationary = results.filter(({ scenario }) => scenario === 'stationary')
  const budgets = [...new Set(stationary.map(({ budgetUsd }) => budgetUsd))]
  const cell = (policy: string, budgetUsd: number): string => {
    const found = stationary.find(result => result.policy === policy && result.budgetUsd === budgetUsd)
    if (found === undefined) return ''
    const { reward, costUsd } = found
    const interval = reward.low === reward.high ? '' : ` ±${((reward.high - reward.low) / 2).toFixed(4)}`
    return `${reward.mean.toFixed(4)}${interval} (${Math.round((100 * costUsd.mean) / budgetUsd)}%)`
  }
  const policies = IN_README.filter(policy => stationary.some(result => result.policy === policy))
  return [
    `| mean budget a request | ${budgets.map(budget => `$${budget}`).join(' | ')} |`,
    `| --- | ${budgets.map(() => '---:').join(' | ')} |`,
    ...policies.map(policy => `| ${policy} | ${budgets.map(budget => cell(policy, budget)).join(' | ')} |`),
    '',
    `Mean reward over ${rows} prompts, its 95% interval over ${shuffles} shuffles, and what was spent of the budget; online from nothing.`,
  ].join('\n')
}

const HEAD = `| policy | reward, 95% interval | by thirds | last 2,000 | cost / budget | worst 1,000 rows | adopted after |
| --- | ---: | --- | ---: | ---: | ---: | ---: |`

function line(result: RoutingResult): string {
  const { policy, reward, costUsd, budgetUsd, lastReward, worstOverspend, thirds, adoptedAfter } = result
  const sampled = reward.low === reward.high ? '' : ` (${reward.low.toFixed(4)} to ${reward.high.toFixed(4)})`
  const overspend = worstOverspend === undefined ? '' : `${(100 * worstOverspend).toFixed(1)}%`
  const last = lastReward === undefined ? '' : lastReward.mean.toFixed(4)
  const byThirds = thirds?.map(({ mean }) => mean.toFixed(3)).join(', ') ?? ''
  const adopted = adoptedAfter === undefined ? '' : `${adoptedAfter.median} (P90 ${adoptedAfter.p90})`
  const share = (costUsd.mean / budgetUsd).toFixed(3)
  return `| ${policy} | ${reward.mean.toFixed(4)}${sampled} | ${byThirds} | ${last} | ${share} | ${overspend} | ${adopted} |`
}
