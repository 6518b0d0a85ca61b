/** Megabytes of UTF-8 that are read in a second, by kind of text. */
import type { Detector } from '@atp/domain/guardrail'
import type { LabelledText } from './labelled-set.ts'
import { PROSE } from './templates.ts'

export interface Workload {
  readonly name: string
  readonly title: string
  readonly text: string
  /** Code units of the parts in which it comes; null where it is there as a whole. */
  readonly parts: number | null
}

const BYTES = 65_536
/** About what a model says at a time. */
const DELTA = 5

export function workloads(set: readonly LabelledText[]): readonly Workload[] {
  const dense = repeated(set.map(({ text }) => text).join('\n'))
  const clean = repeated(PROSE)
  const sparse = repeated(`${PROSE.repeat(25)}${(set[0] as LabelledText).text} In 2024 it was 3 of 5. `)
  return [
    { name: 'clean', title: 'prose without a digit or an @', text: clean, parts: null },
    { name: 'sparse', title: 'prose with an address each 4 KiB', text: sparse, parts: null },
    { name: 'dense', title: 'the labelled set itself', text: dense, parts: null },
    { name: 'clean-stream', title: 'prose as a stream, 5 characters at a time', text: clean, parts: DELTA },
    { name: 'dense-stream', title: 'the labelled set as a stream', text: dense, parts: DELTA },
  ]
}

/** By workload, a figure a round. */
export function measureSpeed(
  detector: Detector,
  all: readonly Workload[],
  rounds: number,
  timeMs: number,
): ReadonlyMap<Workload, readonly number[]> {
  const speeds = new Map<Workload, number[]>(all.map(workload => [workload, []]))
  // The first round warms up.
  for (let round = -1; round < rounds; round++) {
    for (const workload of all) {
      const speed = once(detector, workload, timeMs)
      if (round >= 0) speeds.get(workload)?.push(speed)
    }
  }
  return speeds
}

function once(detector: Detector, { text, parts }: Workload, timeMs: number): number {
  const bytes = Buffer.byteLength(text)
  const start = performance.now()
  let times = 0
  let elapsed = 0
  while (elapsed < timeMs) {
    if (parts === null) detector.find(text)
    else stream(detector, text, parts)
    times++
    elapsed = performance.now() - start
  }
  return (bytes * times) / 1_000 / elapsed
}

function stream(detector: Detector, text: string, parts: number): void {
  const reading = detector.reading()
  for (let at = 0; at < text.length; at += parts) reading.push(text.slice(at, at + parts))
  reading.end()
}

function repeated(text: string): string {
  return text.repeat(Math.ceil(BYTES / text.length)).slice(0, BYTES)
}
