/** The results and the table: what clients see of one provider of three that fails, and what the others see of it. */
import { estimateText, number, settingsText } from '../load/figures.ts'
import type { Machine, Result } from '../shared/results.ts'
import { type Estimate, estimateMedian, estimateRatio } from '../shared/statistics.ts'
import { FIRST_TOKEN_TIMEOUT_MS, RETRY_BUDGET } from './setup.ts'

/** Fixed: scripts rely on the names. What one of the three does meanwhile. */
export const PHASES = [
  { name: 'healthy', title: 'nothing is wrong', faults: {} },
  { name: 'fails', title: 'every call fails', faults: { error_rate: 1 } },
  { name: 'flickers', title: '30% of the calls fail', faults: { error_rate: 0.3 } },
  { name: 'stalls', title: 'every call stalls', faults: { stall_rate: 1 } },
] as const
export type PhaseName = (typeof PHASES)[number]['name']

export interface MeasuredPhase {
  readonly requests: number[]
  readonly errors: number[]
  /** Milliseconds, by round, as the next. */
  readonly p50: number[]
  readonly p99: number[]
  /** Calls beside the first of a request. */
  readonly retries: number[]
}
export type Measured = Readonly<Record<PhaseName, MeasuredPhase>>

/** Of all requests; above, the outage is not hidden. */
export const MOST_ERRORS = 0.001

export const SETTINGS = {
  gateway: {
    logging: 'error',
    sampling: 'none: every decision and observation is recorded',
    durability: 'process: committed to the journal before the answer ends',
    routing: 'thompson over three models that are alike, learning on, reliability_half_life 500ms',
    breaker: 'cooldown 200ms',
    upstream: `first_token_timeout ${FIRST_TOKEN_TIMEOUT_MS}ms, retry_budget ${RETRY_BUDGET.ratio} of the requests and ${RETRY_BUDGET.min_per_second}/s`,
  },
} as const

/** For each phase `NAME p50`, `NAME p99`, `NAME errors`, `NAME retries`; but for the healthy one also `NAME bound`: its p99 / what it may be. */
export function resultsOf(measured: Measured): Result[] {
  const alone = { baseline: null, ratio: null }
  return PHASES.flatMap(({ name }) => {
    const phase = measured[name]
    const { healthy } = measured
    const isHealthy = name === 'healthy'
    const against = (figure: 'p50' | 'p99') =>
      isHealthy
        ? alone
        : { baseline: `healthy ${figure}`, ratio: estimateRatio(phase[figure], healthy[figure]) }
    const bounds = phase.p99.map((p99, round) => p99 / boundOf(healthy.p99[round] as number))
    return [
      { name: `${name} p50`, unit: 'ms', ...estimateMedian(phase.p50), ...against('p50') },
      { name: `${name} p99`, unit: 'ms', ...estimateMedian(phase.p99), ...against('p99') },
      ...(isHealthy ? [] : [{ name: `${name} bound`, unit: 'share', ...estimateMedian(bounds), ...alone }]),
      { name: `${name} errors`, unit: 'share', ...pooled(phase.errors, phase.requests), ...alone },
      { name: `${name} retries`, unit: 'share', ...pooled(phase.retries, phase.requests), ...alone },
    ]
  })
}

/** Half as long again as where nothing is wrong, and a first token that never came. */
function boundOf(healthyP99: number): number {
  return 1.5 * healthyP99 + FIRST_TOKEN_TIMEOUT_MS
}

/** Over all rounds, with the rounds' extremes: rare events have no median. */
function pooled(counts: readonly number[], requests: readonly number[]): Estimate {
  const total = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0)
  const shares = counts.map((count, round) => count / (requests[round] as number))
  return { median: total(counts) / total(requests), low: Math.min(...shares), high: Math.max(...shares) }
}

/** Markdown; the verdict is the interval's. */
export function tableOf(
  results: readonly Result[],
  run: {
    readonly machine: Machine
    readonly rounds: number
    readonly seconds: number
    readonly perSecond: number
  },
): string {
  const named = (name: string) => results.find(result => result.name === name) as Result
  const rows = PHASES.map(({ name, title }) => {
    const bound = name === 'healthy' ? '' : estimateText(named(`${name} bound`), 2)
    return `| ${[
      title,
      number(named(`${name} p50`).median),
      estimateText(named(`${name} p99`), 0),
      bound,
      percent(named(`${name} errors`).median),
      percent(named(`${name} retries`).median),
    ].join(' | ')} |`
  })
  const { machine } = run
  return [
    '| of one of three providers | p50, ms | p99, ms | p99 / (1.5 x healthy p99 + first-token time-out) | errors that clients see | retries a request |',
    '| --- | ---: | ---: | ---: | ---: | ---: |',
    ...rows,
    '',
    `${run.perSecond} streams a second, whether or not earlier ones have ended, ${run.rounds} interleaved rounds of ${run.seconds} s a phase; latencies to the last byte, medians of the rounds with`,
    `95% intervals, errors and retries of all requests. Load generator and providers share the machine: ${machine.cpu}, ${machine.cores} cores, Node ${machine.node}.`,
    '',
    `- gateway: ${settingsText(SETTINGS.gateway)}`,
  ].join('\n')
}

/** For a person. */
export function verdictOf(results: readonly Result[]): string {
  return PHASES.filter(({ name }) => name !== 'healthy')
    .map(({ name }) => {
      const named = (figure: string) => results.find(result => result.name === `${name} ${figure}`) as Result
      const bound = named('bound')
      const p99 = bound.high <= 1 ? 'holds' : bound.low > 1 ? 'is missed' : 'is not decided'
      const errors = named('errors').median < MOST_ERRORS ? 'holds' : 'is missed'
      return `${name}: p99 within its bound ${p99} (${estimateText(bound, 2)}); errors below ${percent(MOST_ERRORS)} ${errors} (${percent(named('errors').median)})`
    })
    .join('\n')
}

function percent(share: number): string {
  return `${(100 * share).toFixed(share < 0.01 ? 3 : 1)}%`
}
