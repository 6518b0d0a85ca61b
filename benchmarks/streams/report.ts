/** The results and the table: chunks a second, and what each chunk costs the process that passes it on, beside the pipe. */
import { estimateText, number, settingsText } from '../load/figures.ts'
import type { Rounds } from '../load/measure.ts'
import type { Machine, Result } from '../shared/results.ts'
import { estimateMedian, estimateRatio } from '../shared/statistics.ts'
import { CHUNKS, FAST, PACED } from './answer.ts'
import { GATEWAYS, PIPE, type SideName } from './sides.ts'

/** What a ratio was measured under, because each of these can be bought with speed. */
export const SETTINGS = {
  [PIPE]: {
    what: 'Fastify and undici, the body piped',
    logging: 'off',
    sampling: 'none',
    durability: 'none',
  },
  gateway: {
    what: 'one adapter with one model, otherwise the defaults',
    logging: 'warn, no line a request',
    sampling: 'none: every decision and observation is recorded',
    durability: 'process: committed to the journal before the answer ends',
  },
  'gateway-ai-sdk': {
    what: "as the gateway, but the upstream's chunks are Anthropic's, and the AI SDK's package translates them",
    logging: 'as the gateway',
    sampling: 'as the gateway',
    durability: 'as the gateway',
  },
} as const satisfies Record<SideName, Record<string, string>>

export type Measured = ReadonlyMap<SideName, Rounds>

/** Of one side in one scenario. */
export interface Figures {
  readonly chunks: Result
  /** Microseconds a chunk; null where the system doesn't tell. */
  readonly cpu: Result | null
  /** Microseconds a chunk beyond the pipe's, paired by round; null for the pipe itself. */
  readonly added: Result | null
}

export interface Compared {
  readonly title: string
  readonly fast: Figures
  readonly paced: Figures
}

/** The pipe first, then each gateway. */
export function compare(fast: Measured, paced: Measured): Compared[] {
  return [{ name: PIPE, title: 'bare pipe' } as const, ...GATEWAYS].map(({ name, title }) => ({
    title,
    fast: figuresOf(fast, name, FAST.suffix),
    paced: figuresOf(paced, name, PACED.suffix),
  }))
}

function figuresOf(measured: Measured, name: SideName, suffix: string): Figures {
  const side = eachChunk(measured, name)
  const pipe = name === PIPE ? null : eachChunk(measured, PIPE)
  const result = (
    what: string,
    unit: string,
    values: readonly number[],
    base: readonly number[] | undefined,
  ) => ({
    name: name + suffix + what,
    unit,
    ...estimateMedian(values),
    baseline: base === undefined ? null : PIPE + suffix + what,
    ratio: base === undefined ? null : estimateRatio(values, base),
  })
  const { perSecond, cpu } = side
  const added = pipe === null ? [] : cpu.map((value, round) => value - (pipe.cpu[round] as number))
  return {
    chunks: result('', 'chunks/s', perSecond, pipe?.perSecond),
    cpu: cpu.length === 0 ? null : result(' cpu', 'µs', cpu, pipe?.cpu),
    added: added.length === 0 ? null : result(' cpu added', 'µs', added, undefined),
  }
}

/** In each round. */
function eachChunk(measured: Measured, name: SideName) {
  const rounds = measured.get(name)
  if (rounds === undefined) throw new RangeError(`${name} was not measured`)
  return {
    perSecond: rounds.requestsPerSecond.map(streams => streams * CHUNKS),
    cpu: rounds.cpu.map(microseconds => microseconds / CHUNKS),
  }
}

/** `pipe`, `gateway` with its ratio, the same with ` cpu` behind the name, and `gateway cpu added`; `-paced` where chunks come one by one. */
export function resultsOf(compared: readonly Compared[]): Result[] {
  return compared
    .flatMap(({ fast, paced }) => [fast, paced].flatMap(({ chunks, cpu, added }) => [chunks, cpu, added]))
    .filter(result => result !== null)
}

/** Markdown; the verdict is the interval's. */
export function tableOf(
  compared: readonly Compared[],
  run: {
    readonly machine: Machine
    readonly rounds: number
    readonly seconds: number
  },
): string {
  const { machine } = run
  const cpuCells = ({ cpu, added }: Figures): string[] => [
    cpu === null ? '' : number(cpu.median),
    added === null ? '' : estimateText(added, 2),
  ]
  const rows = compared.map(({ title, fast, paced }) => {
    const { chunks } = fast
    const ofPipe = chunks.ratio === null ? '' : estimateText(chunks.ratio, 2)
    const cells = [title, number(chunks.median), ofPipe, ...cpuCells(fast), ...cpuCells(paced)]
    return `| ${cells.join(' | ')} |`
  })
  return [
    `| | chunks/s | of the pipe | CPU, µs a chunk | added | ${PACED.title}: CPU, µs a chunk | added |`,
    '| --- | ---: | ---: | ---: | ---: | ---: | ---: |',
    ...rows,
    '',
    `With 95% intervals. Streams of ${CHUNKS.toLocaleString('en')} small chunks, ${FAST.connections} at a time as fast as they go, ${PACED.connections} at a time with ${PACED.title}; what a request costs is in it. ${run.rounds} interleaved`,
    `rounds of ${run.seconds} s a side, medians of paired rounds; every answer compared with the upstream's bytes, a translated one by its text. Load generator and upstream share the machine:`,
    `${machine.cpu}, ${machine.cores} cores, Node ${machine.node}.`,
    '',
    ...Object.entries(SETTINGS).map(([side, settings]) => `- ${side}: ${settingsText(settings)}`),
  ].join('\n')
}
