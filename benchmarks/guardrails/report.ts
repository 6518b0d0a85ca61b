/** The table and the results of the guardrails' bench. */
import type { Machine, Result } from '../shared/results.ts'
import { estimateMedian } from '../shared/statistics.ts'
import { precisionOf, recallOf, type Score } from './score.ts'
import type { Workload } from './speed.ts'

export type Parts = Readonly<Record<'development' | 'held_out', readonly Score[]>>

type Speeds = ReadonlyMap<Workload, readonly number[]>

/** `precision/PART/KIND` and `recall/PART/KIND`. */
export function scoreResults(parts: Parts): Result[] {
  return Object.entries(parts).flatMap(([part, scores]) =>
    scores.flatMap(own => [
      exact(`precision/${part}/${own.kind}`, precisionOf(own)),
      exact(`recall/${part}/${own.kind}`, recallOf(own)),
    ]),
  )
}

/** `speed/TEXT`, in MB/s. */
export function speedResults(speeds: Speeds): Result[] {
  return Array.from(speeds, ([{ name }, figures]) => ({
    name: `speed/${name}`,
    unit: 'MB/s',
    ...estimateMedian(figures),
    baseline: null,
    ratio: null,
  }))
}

function exact(name: string, value: number): Result {
  return { name, unit: 'share', median: value, low: value, high: value, baseline: null, ratio: null }
}

export function tableOf(
  parts: Parts,
  speeds: Speeds,
  texts: number,
  rounds: number,
  machine: Machine,
): string {
  const rows = parts.held_out.map((own, at) => {
    const seen = parts.development[at] as Score
    return `| ${own.kind} | ${own.labels} | ${share(precisionOf(own))} | ${share(recallOf(own))} | ${share(precisionOf(seen))} | ${share(recallOf(seen))} |`
  })
  const fast = Array.from(speeds, ([{ title }, figures]) => {
    const { median, low, high } = estimateMedian(figures)
    return `| ${title} | ${figure(median)} (${figure(low)}-${figure(high)}) |`
  })
  return [
    '| kind | labels held out | precision | recall | precision, development | recall, development |',
    '| --- | ---: | ---: | ---: | ---: | ---: |',
    ...rows,
    '',
    '| text | MB/s, 95% interval |',
    '| --- | ---: |',
    ...fast,
    '',
    `${texts} synthetic texts, a third of whose templates were held out; a span counts where kind and both ends are right. ${rounds} rounds, medians; one thread. ${machine.cpu}, ${machine.cores} cores, Node ${machine.node}.`,
  ].join('\n')
}

const share = (value: number): string => value.toFixed(3)
const figure = (value: number): string => (value < 10 ? value.toFixed(1) : value.toFixed(0))
