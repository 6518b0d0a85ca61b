/** The table and the results of Rust against TypeScript. */
import type { Machine, Result } from '../shared/results.ts'
import { type Estimate, estimateMedian, estimateRatio } from '../shared/statistics.ts'
import type { Rounds } from './measure.ts'
import type { Operation } from './operations.ts'

/** Two results an operation: `NAME/typescript`, and `NAME/rust` with its ratio to that. */
export function resultsOf(operations: readonly Operation[], measured: ReadonlyMap<string, Rounds>): Result[] {
  return operations.flatMap(({ name }) => {
    const rounds = measured.get(name) as Rounds
    const baseline = `${name}/typescript`
    return [
      { name: baseline, unit: 'ns', ...estimateMedian(rounds.typescript), baseline: null, ratio: null },
      {
        name: `${name}/rust`,
        unit: 'ns',
        ...estimateMedian(rounds.rust),
        baseline,
        ratio: estimateRatio(rounds.rust, rounds.typescript),
      },
    ]
  })
}

/** What a context takes in memory, measured once. */
export function memoryResult(bytes: number): Result {
  return {
    name: 'context-memory',
    unit: 'bytes',
    median: bytes,
    low: bytes,
    high: bytes,
    baseline: null,
    ratio: null,
  }
}

/** Arms of the context whose memory is told. */
export const CONTEXT_ARMS = 8

/** Markdown; the verdict is the interval's. */
export function tableOf(
  operations: readonly Operation[],
  results: readonly Result[],
  machine: Machine,
  rounds: number,
  contextBytes: number,
): string {
  const byName = new Map(results.map(result => [result.name, result]))
  const rows = operations.map(({ name, title }) => {
    const rust = byName.get(`${name}/rust`) as Result
    const typescript = byName.get(`${name}/typescript`) as Result
    const ratio = rust.ratio as Estimate
    const interval = `${ratio.median.toFixed(2)} (${ratio.low.toFixed(2)}-${ratio.high.toFixed(2)})`
    return `| ${title} | ${time(rust.median)} | ${time(typescript.median)} | ${interval} | ${verdict(ratio)} |`
  })
  return [
    '| operation | Rust | TypeScript | Rust / TypeScript, 95% interval | |',
    '| --- | ---: | ---: | ---: | --- |',
    ...rows,
    '',
    `${rounds} interleaved rounds, medians; below 1 Rust is faster. A context of ${CONTEXT_ARMS} arms takes ${Math.round(contextBytes)} bytes. ${machine.cpu}, ${machine.cores} cores, Node ${machine.node}.`,
  ].join('\n')
}

function verdict(ratio: Estimate): string {
  if (ratio.high < 1) return 'Rust wins'
  return ratio.low > 1 ? 'Rust loses' : 'even'
}

function time(nanoseconds: number): string {
  return nanoseconds < 10_000 ? `${nanoseconds.toFixed(0)} ns` : `${(nanoseconds / 1_000).toFixed(0)} µs`
}
