/** The results and the table: each durability against none, the drain, and the stop. */
import { estimateText, figuresOf, number, settingsText } from '../load/figures.ts'
import type { MeasuredScenario, Rounds } from '../load/measure.ts'
import type { Machine, Result } from '../shared/results.ts'
import { type Estimate, estimateMedian, estimateRatio } from '../shared/statistics.ts'
import { DURABILITIES, type SideName } from './gateways.ts'

/** What `process` must reach of `off`. */
export const WANTED_SHARE = 0.85

const COMMON = {
  logging: 'warn, no line a request',
  sampling: 'none: every decision and observation is recorded',
  routing: 'thompson over 4 models, learning on',
  limits: 'none',
}

export const SETTINGS: Readonly<Record<SideName, Readonly<Record<string, string>>>> = {
  off: { durability: 'off: nothing is recorded', ...COMMON, sampling: 'nothing is recorded' },
  process: { durability: 'process: committed to the journal before the answer ends', ...COMMON },
  power: { durability: 'power: as process, and an fsync a group', ...COMMON },
}

const FIGURES = figuresOf('gateway')

export interface MeasuredDurability {
  readonly load: MeasuredScenario<SideName>
  /** Rows a second, by round; null where there is no Postgres. */
  readonly drain: readonly number[] | null
  /** Milliseconds from SIGTERM to the end, by round. */
  readonly stop: readonly number[]
}

/** `off`, and `process` and `power` with their ratio to it, and the same for each further figure; `drain`, `sigterm`. */
export function resultsOf({ load, drain, stop }: MeasuredDurability): Result[] {
  const off = load.sides.get('off') as Rounds
  const alone = { baseline: null, ratio: null }
  const compared = FIGURES.filter(({ key }) => off[key].length > 0).flatMap(({ key, name, unit }) =>
    DURABILITIES.map(side => {
      const values = (load.sides.get(side) as Rounds)[key]
      const against =
        side === 'off' ? alone : { baseline: `off${name}`, ratio: estimateRatio(values, off[key]) }
      return { name: `${side}${name}`, unit, ...estimateMedian(values), ...against }
    }),
  )
  return [
    ...compared,
    ...(drain === null ? [] : [{ name: 'drain', unit: 'rows/s', ...estimateMedian(drain), ...alone }]),
    { name: 'sigterm', unit: 'ms', ...estimateMedian(stop), ...alone },
  ]
}

/** Markdown; the verdict is the interval's. */
export function tableOf(
  results: readonly Result[],
  run: {
    readonly machine: Machine
    readonly rounds: number
    readonly seconds: number
    readonly connections: number
  },
): string {
  const named = (name: string) => results.find(result => result.name === name)
  const rows = FIGURES.filter(({ name }) => named(`off${name}`) !== undefined).map(({ name, title }) => {
    const [off, own, power] = DURABILITIES.map(side => named(`${side}${name}`) as Result) as [
      Result,
      Result,
      Result,
    ]
    return `| ${[title, number(off.median), cell(own), cell(power)].join(' | ')} |`
  })
  const [drain, sigterm] = [named('drain'), named('sigterm') as Result]
  const { machine } = run
  return [
    '| `data.durability` | off | process (ratio to off, 95% interval) | power (ratio to off) |',
    '| --- | ---: | ---: | ---: |',
    ...rows,
    '',
    ...(drain === undefined
      ? []
      : [
          `A journal drains to a Postgres that has fsync on at ${estimateText(drain, 0)} rows/s, a decision of four models or an observation each.`,
        ]),
    `From SIGTERM to the end under this load: ${estimateText(sigterm, 0)} ms.`,
    '',
    `${run.connections} connections in a closed loop, ${run.rounds} interleaved rounds of ${run.seconds} s a side, medians of paired rounds; every answer`,
    `compared with the upstream's bytes. Load generator, upstream and Postgres share the machine: ${machine.cpu}, ${machine.cores} cores, Node ${machine.node}.`,
    '',
    ...DURABILITIES.map(side => `- ${side}: ${settingsText(SETTINGS[side])}`),
  ].join('\n')
}

/** For a person. */
export function verdictOf(results: readonly Result[]): string {
  const ratio = results.find(({ name }) => name === 'process')?.ratio as Estimate
  const verdict =
    ratio.low >= WANTED_SHARE ? 'holds' : ratio.high < WANTED_SHARE ? 'is missed' : 'is not decided'
  return `process reaches ${estimateText(ratio, 2)} of off: at least ${WANTED_SHARE} ${verdict}`
}

function cell({ median, ratio }: Result): string {
  return `${number(median)}, ${estimateText(ratio as Estimate, 2)}`
}
