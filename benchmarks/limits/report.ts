/** The results and the tables of the limiters. */
import type { Machine, Result } from '../shared/results.ts'
import { type Estimate, estimateMedian, estimateRatio } from '../shared/statistics.ts'
import { BUDGET_MICRO_USD, LIMIT, LOADS, type Overshoot, WINDOW_S } from './overshoot.ts'
import type { SideName } from './sides.ts'
import type { Rounds } from './throughput.ts'

export interface SpeedResult extends Result {
  readonly library: string
}

export interface OvershootResult {
  readonly name: string
  readonly library: string
  readonly processes: number
  readonly concurrent: number
  readonly overshootRequests: number
  readonly overshootPercent: number
  readonly overshootUsd: number
  readonly overshootUsdPercent: number
}

export type LimitsResult = SpeedResult | OvershootResult

const OURS = 'atp'
const FIGURES = [
  { key: 'perSecond', name: '', unit: 'decisions/s' },
  { key: 'p50', name: ' p50', unit: 'ms' },
  { key: 'p99', name: ' p99', unit: 'ms' },
  { key: 'redisCpu', name: ' redis cpu', unit: 'µs' },
] as const

/** Ours with the ratio to the fastest rival of its place (`redis`, `memory`), and each of the others. */
export function speedResults(measured: ReadonlyMap<string, Rounds>): SpeedResult[] {
  return [...measured].flatMap(([side, rounds]) => {
    const [library, place] = split(side)
    const rival = library === OURS ? fastestRival(measured, place) : null
    return FIGURES.filter(({ key }) => rounds[key].length > 0).map(({ key, name, unit }) => ({
      name: `${side}${name}`,
      library,
      unit,
      ...estimateMedian(rounds[key]),
      baseline: rival === null ? null : `${rival}${name}`,
      ratio: rival === null ? null : estimateRatio(rounds[key], (measured.get(rival) as Rounds)[key]),
    }))
  })
}

function fastestRival(measured: ReadonlyMap<string, Rounds>, place: string): string | null {
  const speed = (side: string) => estimateMedian((measured.get(side) as Rounds).perSecond).median
  const rivals = [...measured.keys()].filter(side => split(side)[0] !== OURS && split(side)[1] === place)
  return rivals.toSorted((a, b) => speed(b) - speed(a))[0] ?? null
}

function split(side: string): [library: string, place: string] {
  return side.split(' ') as [string, string]
}

export function overshootResults(measured: readonly Overshoot[]): OvershootResult[] {
  return measured.map(({ side, processes, concurrent, overshootRequests, overshootUsd }) => ({
    name: `overshoot ${side} ${processes}x${concurrent}`,
    library: split(side)[0],
    processes,
    concurrent,
    overshootRequests,
    overshootPercent: (100 * overshootRequests) / LIMIT,
    overshootUsd,
    overshootUsdPercent: (1e8 * overshootUsd) / BUDGET_MICRO_USD,
  }))
}

export function tableOf(
  speed: readonly SpeedResult[],
  overshoots: readonly Overshoot[],
  run: { readonly machine: Machine; readonly rounds: number },
): string {
  const { machine } = run
  return [
    '| three levels at once | decisions/s | p50, ms | p99, ms | CPU of Redis, µs | ours / fastest rival, 95% interval |',
    '| --- | ---: | ---: | ---: | ---: | ---: |',
    ...speed.filter(({ unit }) => unit === 'decisions/s').map(result => speedRow(result, speed)),
    '',
    `64 decisions in flight over 50 tenants, ${run.rounds} interleaved rounds, medians; the client shares the machine with Redis: ${machine.cpu}, ${machine.cores} cores,`,
    `Node ${machine.node}.`,
    '',
    `Overshoot of a limit of ${LIMIT} in ${WINDOW_S} s (requests in the worst such interval), and of a budget of $${BUDGET_MICRO_USD / 1e6} for requests of unknown cost:`,
    '',
    `| processes x concurrent | ${LOADS.map(({ processes, concurrent }) => `${processes} x ${concurrent.toLocaleString('en')}`).join(' | ')} |`,
    `| --- |${' ---: |'.repeat(LOADS.length)}`,
    ...overshootRows(overshoots),
  ].join('\n')
}

function speedRow(result: SpeedResult, all: readonly SpeedResult[]): string {
  const of = (name: string) => all.find(other => other.name === `${result.name}${name}`)?.median
  const cell = (value: number | undefined) =>
    value === undefined ? '' : value < 100 ? value.toFixed(value < 1 ? 3 : 1) : number(value)
  const cells = [
    number(result.median),
    cell(of(' p50')),
    cell(of(' p99')),
    cell(of(' redis cpu')),
    ratioText(result.ratio),
  ]
  return `| ${result.name} | ${cells.join(' | ')} |`
}

function ratioText(ratio: Estimate | null): string {
  return ratio === null
    ? ''
    : `${ratio.median.toFixed(2)} (${ratio.low.toFixed(2)} to ${ratio.high.toFixed(2)})`
}

function overshootRows(measured: readonly Overshoot[]): string[] {
  return [...new Set(measured.map(({ side }) => side))].map(side => {
    const cells = LOADS.map(load => overshootCell(measured, side, load))
    return `| ${side} | ${cells.join(' | ')} |`
  })
}

function overshootCell(measured: readonly Overshoot[], side: SideName, load: (typeof LOADS)[number]): string {
  const found = measured.find(
    one => one.side === side && one.processes === load.processes && one.concurrent === load.concurrent,
  )
  if (found === undefined) return ''
  const { overshootRequests: requests, overshootUsd: usd } = found
  return `${requests} (${percent(requests / LIMIT)}), $${usd.toFixed(2)} (${percent((1e6 * usd) / BUDGET_MICRO_USD)})`
}

function percent(share: number): string {
  return `${(100 * share).toFixed(0)}%`
}

function number(value: number): string {
  return Math.round(value).toLocaleString('en')
}
