/** Interleaved rounds: in each, every operation runs on both sides back to back, the order of sides turning. */
import type { NativeModule } from '@atp/native'
import { Bench } from 'tinybench'
import type { Operation } from './operations.ts'

/** Nanoseconds a call, one figure a round. */
export interface Rounds {
  readonly rust: number[]
  readonly typescript: number[]
}

export async function measure(options: {
  readonly operations: readonly Operation[]
  readonly rust: NativeModule
  readonly typescript: NativeModule
  readonly rounds: number
  /** Milliseconds of measuring an operation, side and round. */
  readonly timeMs: number
  readonly progress: (round: number) => void
}): Promise<ReadonlyMap<string, Rounds>> {
  const { operations, rounds, timeMs } = options
  const prepared = operations.map(operation => ({
    operation,
    rust: operation.prepare(options.rust),
    typescript: operation.prepare(options.typescript),
    rounds: { rust: [], typescript: [] } as Rounds,
  }))
  for (let round = 0; round < rounds; round += 1) {
    options.progress(round)
    for (const { operation, rust, typescript, rounds } of prepared) {
      const sides = [
        { call: rust, results: rounds.rust },
        { call: typescript, results: rounds.typescript },
      ]
      for (const { call, results } of round % 2 === 0 ? sides : sides.toReversed()) {
        results.push(await nanosecondsPerCall(operation, call, timeMs))
      }
    }
  }
  return new Map(prepared.map(({ operation, rounds }) => [operation.name, rounds]))
}

async function nanosecondsPerCall(
  operation: Operation,
  call: (k: number) => void,
  timeMs: number,
): Promise<number> {
  const bench = new Bench({ time: timeMs, warmupTime: timeMs / 4 })
  bench.add(operation.name, () => {
    for (let k = 0; k < operation.calls; k += 1) call(k)
  })
  await bench.run()
  const result = bench.tasks[0]?.result
  if (result?.state !== 'completed') throw new Error(`${operation.name} was not measured: ${result?.state}`)
  return (result.latency.p50 * 1e6) / operation.calls
}
