/** The results and the tables: the gateway against the bare proxy, and with keys and limits against the gateway without. */
import type { Machine, Result } from '../shared/results.ts'
import { type Estimate, estimateMedian, estimateRatio } from '../shared/statistics.ts'
import type { Scenario } from './closed-loop.ts'
import { estimateText, type Figure, figuresOf, number, settingsText } from './figures.ts'
import type { MeasuredScenario, Rounds } from './measure.ts'
import { LIMITS_TIMEOUT, type SideName } from './servers.ts'

/** What a ratio was measured under; printed for both sides, because each of these can be bought with speed. */
export const SETTINGS = {
  bare: { logging: 'off', sampling: 'none', durability: 'none' },
  gateway: {
    logging: 'warn, no line a request',
    sampling: 'none: every decision and observation is recorded',
    durability: 'process: committed to the journal before the answer ends',
    routing: 'thompson over 4 models, learning on',
    limits: 'none',
  },
  'gateway-auth-limits': {
    logging: 'as the gateway',
    sampling: 'as the gateway',
    durability: 'as the gateway',
    keys: 'one, checked each time',
    limits:
      'requests and tokens a minute, cost a day, on Redis: one decision before the call, one settlement after it',
    'limits.timeout': LIMITS_TIMEOUT,
  },
} as const satisfies Record<SideName, Record<string, string>>

const FIGURES = figuresOf('server')

interface Pair {
  readonly baseline: SideName
  readonly side: SideName
  readonly titles: readonly [baseline: string, side: string, ratio: string]
}

const PAIRS: readonly Pair[] = [
  { baseline: 'bare', side: 'gateway', titles: ['bare proxy', 'gateway', 'gateway / bare'] },
  {
    baseline: 'gateway',
    side: 'gateway-auth-limits',
    titles: ['gateway', 'gateway with keys and limits', 'with / without'],
  },
]

interface Compared {
  readonly title: string
  readonly figure: Figure
  readonly pair: Pair
  readonly baseline: Result
  readonly side: Result
  /** Side - baseline, paired by round. */
  readonly added: Result
}

/** Figures that this system doesn't tell are left out, and so are sides that were not measured. */
export function compare(measured: readonly MeasuredScenario[]): Compared[] {
  return PAIRS.flatMap(pair =>
    measured.flatMap(({ scenario, sides }) => {
      const [baseline, side] = [sides.get(pair.baseline), sides.get(pair.side)]
      if (baseline === undefined || side === undefined) return []
      return FIGURES.filter(({ key }) => baseline[key].length > 0).map(figure =>
        compared(scenario, figure, pair, baseline, side),
      )
    }),
  )
}

function compared(
  { title, suffix }: Scenario,
  figure: Figure,
  pair: Pair,
  baselineRounds: Rounds,
  sideRounds: Rounds,
): Compared {
  const { key, name, unit } = figure
  const [baselineName, sideName] = [`${pair.baseline}${suffix}${name}`, `${pair.side}${suffix}${name}`]
  const [baseline, side] = [baselineRounds[key], sideRounds[key]]
  const added = side.map((value, round) => value - (baseline[round] as number))
  const alone = { unit, baseline: null, ratio: null }
  const ratio = estimateRatio(side, baseline)
  return {
    title,
    figure,
    pair,
    baseline: { name: baselineName, ...alone, ...estimateMedian(baseline) },
    side: { name: sideName, unit, ...estimateMedian(side), baseline: baselineName, ratio },
    added: { name: `${sideName} added`, ...alone, ...estimateMedian(added) },
  }
}

/** `bare`, `gateway` with its ratio, and the same for each further figure and side; `... added` for what is not a rate. */
export function resultsOf(compared: readonly Compared[]): Result[] {
  return compared.flatMap(({ figure, pair, baseline, side, added }) => [
    // The second pair's baseline is told already, with a ratio of its own.
    ...(pair.baseline === 'bare' ? [baseline] : []),
    side,
    ...(figure.key === 'requestsPerSecond' ? [] : [added]),
  ])
}

/** Markdown; the verdict is the interval's. */
export function tableOf(
  compared: readonly Compared[],
  run: {
    readonly machine: Machine
    readonly rounds: number
    readonly seconds: number
    readonly connections: number
  },
): string {
  const pairs = PAIRS.filter(pair => compared.some(each => each.pair === pair))
  const measured = new Set(pairs.flatMap(({ baseline, side }) => [baseline, side]))
  const { machine } = run
  return [
    ...pairs.flatMap(pair => [...pairTable(pair, compared), '']),
    `${run.connections} connections in a closed loop, ${run.rounds} interleaved rounds of ${run.seconds} s a side, medians of paired rounds; every answer`,
    `compared with the upstream's bytes. Load generator and upstream share the machine: ${machine.cpu}, ${machine.cores} cores, Node ${machine.node}.`,
    '',
    ...[...measured].map(side => `- ${side}: ${settingsText(SETTINGS[side])}`),
  ].join('\n')
}

function pairTable(pair: Pair, compared: readonly Compared[]): string[] {
  const [baselineTitle, sideTitle, ratioTitle] = pair.titles
  const rows = compared
    .filter(each => each.pair === pair)
    .map(({ title, figure, baseline, side, added }) => {
      const cells = [
        `${title}: ${figure.title}`,
        number(baseline.median),
        number(side.median),
        estimateText(side.ratio as Estimate, 2),
        figure.key === 'requestsPerSecond' ? '' : estimateText(added, 2),
      ]
      return `| ${cells.join(' | ')} |`
    })
  return [
    `| | ${baselineTitle} | ${sideTitle} | ${ratioTitle}, 95% interval | added |`,
    '| --- | ---: | ---: | ---: | ---: |',
    ...rows,
  ]
}
