/** Rust against TypeScript, operation by operation: `node benchmarks/native/run.ts --help`. */
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { loadNative, typescriptNative } from '@atp/native'
import { writeReadmeTable } from '../shared/readme-table.ts'
import { machine, writeResults } from '../shared/results.ts'
import { measure } from './measure.ts'
import { OPERATIONS } from './operations.ts'
import { resultsOf, tableOf } from './report.ts'

const HELP = `Measures the Rust addon against the TypeScript implementation.

  --out DIR      also writes DIR/native.json
  --readme       also puts the table into README.md, between its bench:native markers
  --rounds N     interleaved rounds, at least 10 (default 15)
  --time MS      milliseconds an operation, side and round (default 30)
  --help         says this`

const README = fileURLToPath(new URL('../../README.md', import.meta.url))

process.exitCode = await main(process.argv.slice(2).filter(argument => argument !== '--'))

async function main(args: string[]): Promise<number> {
  const { values } = parseArgs({
    args,
    options: {
      out: { type: 'string' },
      readme: { type: 'boolean', default: false },
      rounds: { type: 'string', default: '15' },
      time: { type: 'string', default: '30' },
      help: { type: 'boolean', default: false },
    },
  })
  if (values.help) {
    console.log(HELP)
    return 0
  }
  const [rounds, timeMs] = [Number(values.rounds), Number(values.time)]
  if (!Number.isInteger(rounds) || rounds < 10 || !(timeMs > 0)) {
    console.error('--rounds must be an integer of at least 10 and --time a positive number')
    return 2
  }
  let reason = ''
  const rust = loadNative({ env: {}, log: line => (reason = line) })
  if (rust.implementation !== 'rust') {
    console.error(`There is nothing to compare. ${reason}`)
    return 1
  }
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
  const results = resultsOf(OPERATIONS, measured)
  const table = tableOf(OPERATIONS, results, machine(), rounds)
  console.log(table)
  if (values.out !== undefined) writeResults(values.out, 'native', { machine: machine(), results })
  if (values.readme) writeReadmeTable(README, 'bench:native', table)
  return 0
}
