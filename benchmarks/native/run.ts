/** Rust against TypeScript, operation by operation: `node benchmarks/native/run.ts --help`. */
import { loadNative, typescriptNative } from '@atp/native'
import { benchRun } from '../shared/command-line.ts'
import { machine } from '../shared/results.ts'
import { bytesPerContext } from './context-memory.ts'
import { measure } from './measure.ts'
import { OPERATIONS } from './operations.ts'
import { CONTEXT_ARMS, memoryResult, resultsOf, tableOf } from './report.ts'

const HELP = `Measures the Rust addon against the TypeScript implementation.

  --out DIR      also writes DIR/native.json
  --readme       also puts the table into README.md, between its bench:native markers
  --rounds N     interleaved rounds, at least 10 (default 15)
  --time MS      milliseconds an operation, side and round (default 30)
  --help         says this`

process.exitCode = await main()

async function main(): Promise<number> {
  const asked = benchRun({ help: HELP, rounds: 15, length: { option: 'time', value: 30 } })
  if (typeof asked === 'number') return asked
  const { rounds, length: timeMs } = asked
  let reason = ''
  const rust = loadNative({ env: {}, log: line => (reason = line) })
  if (rust.implementation !== 'rust') {
    console.error(`There is nothing to compare. ${reason}`)
    return 1
  }
  // Before anything else is in memory.
  const contextBytes = await bytesPerContext(CONTEXT_ARMS)
  const progress = (round: number) => process.stderr.write(`\rround ${round + 1} of ${rounds} `)
  const measured = await measure({
    operations: OPERATIONS,
    rust,
    typescript: typescriptNative,
    rounds,
    timeMs,
    progress,
  })
  process.stderr.write('\n')
  const results = [...resultsOf(OPERATIONS, measured), memoryResult(contextBytes)]
  const table = tableOf(OPERATIONS, results, machine(), rounds, contextBytes)
  asked.publish('native', table, { machine: machine(), results })
  return 0
}
