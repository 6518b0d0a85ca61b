/** The results and the table of the gateway against the bare proxy. */
import type { Machine, Result } from '../shared/results.ts'
import { type Estimate, estimateMedian, estimateRatio } from '../shared/statistics.ts'
import type { MeasuredScenario, Rounds } from './measure.ts'

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
} as const

interface Figure {
  readonly key: keyof Rounds
  /** Appended to the names of the results. */
  readonly name: string
  readonly title: string
  readonly unit: string
}

const FIGURES: readonly Figure[] = [
  { key: 'requestsPerSecond', name: '', title: 'requests/s', unit: 'requests/s' },
  { key: 'p50', name: ' p50', title: 'p50, ms', unit: 'ms' },
  { key: 'p99', name: ' p99', title: 'p99, ms', unit: 'ms' },
  { key: 'cpu', name: ' cpu', title: "server's CPU, µs a request", unit: 'µs' },
]

interface Compared {
  readonly title: string
  readonly figure: Figure
  readonly bare: Result
  readonly gateway: Result
  /** Gateway - bare, paired by round. */
  readonly added: Result
}

/** Figures that this system doesn't tell are left out. */
export function compare(measured: readonly MeasuredScenario[]): Compared[] {
  return measured.flatMap(({ scenario, bare, gateway }) =>
    FIGURES.filter(({ key }) => bare[key].length > 0).map(figure => {
      const { key, name, unit } = figure
      const [bareName, gatewayName] = [`bare${scenario.suffix}${name}`, `gateway${scenario.suffix}${name}`]
      const added = gateway[key].map((value, round) => value - (bare[key][round] as number))
      const alone = { unit, baseline: null, ratio: null }
      return {
        title: scenario.title,
        figure,
        bare: { name: bareName, ...alone, ...estimateMedian(bare[key]) },
        gateway: {
          name: gatewayName,
          unit,
          ...estimateMedian(gateway[key]),
          baseline: bareName,
          ratio: estimateRatio(gateway[key], bare[key]),
        },
        added: { name: `${gatewayName} added`, ...alone, ...estimateMedian(added) },
      }
    }),
  )
}

/** `bare`, `gateway` with its ratio, and the same for each further figure; `... added` for what is not a rate. */
export function resultsOf(compared: readonly Compared[]): Result[] {
  return compared.flatMap(({ figure, bare, gateway, added }) =>
    figure.key === 'requestsPerSecond' ? [bare, gateway] : [bare, gateway, added],
  )
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
  const rows = compared.map(({ title, figure, bare, gateway, added }) => {
    const addedText = figure.key === 'requestsPerSecond' ? '' : estimateText(added, 2)
    const cells = [
      `${title}: ${figure.title}`,
      number(bare.median),
      number(gateway.median),
      estimateText(gateway.ratio as Estimate, 2),
      addedText,
    ]
    return `| ${cells.join(' | ')} |`
  })
  const { machine } = run
  return [
    '| | bare proxy | gateway | gateway / bare, 95% interval | added |',
    '| --- | ---: | ---: | ---: | ---: |',
    ...rows,
    '',
    `${run.connections} connections in a closed loop, ${run.rounds} interleaved rounds of ${run.seconds} s a side, medians of paired rounds; every answer`,
    `compared with the upstream's bytes. Load generator and upstream share the machine: ${machine.cpu}, ${machine.cores} cores, Node ${machine.node}.`,
    '',
    ...Object.entries(SETTINGS).map(([side, settings]) => `- ${side}: ${settingsText(settings)}`),
  ].join('\n')
}

function settingsText(settings: Readonly<Record<string, string>>): string {
  return Object.entries(settings)
    .map(([name, value]) => `${name} ${value}`)
    .join('; ')
}

function estimateText({ median, low, high }: Estimate, digits: number): string {
  return `${median.toFixed(digits)} (${low.toFixed(digits)} to ${high.toFixed(digits)})`
}

function number(value: number): string {
  return value < 100 ? value.toFixed(2) : Math.round(value).toLocaleString('en')
}
