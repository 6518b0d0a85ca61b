/** The gateway against a bare Fastify + undici proxy of the same upstream: `node benchmarks/load/run.ts --help`. */
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { writeReadmeTable } from '../shared/readme-table.ts'
import { machine, writeResults } from '../shared/results.ts'
import { measure } from './measure.ts'
import { compare, resultsOf, SETTINGS, tableOf } from './report.ts'
import { Servers } from './servers.ts'

const HELP = `Measures the built gateway against a bare pass-through, in a closed loop of 32 connections.

  --out DIR      also writes DIR/load.json
  --readme       also puts the table into README.md, between its bench:load markers
  --rounds N     interleaved rounds, at least 10 (default 12)
  --seconds S    seconds of load, on a side and in a round (default 3)
  --help         says this`

const README = fileURLToPath(new URL('../../README.md', import.meta.url))
const CONNECTIONS = 32

process.exitCode = await main(process.argv.slice(2).filter(argument => argument !== '--'))

async function main(args: string[]): Promise<number> {
  const { values } = parseArgs({
    args,
    options: {
      out: { type: 'string' },
      readme: { type: 'boolean', default: false },
      rounds: { type: 'string', default: '12' },
      seconds: { type: 'string', default: '3' },
      help: { type: 'boolean', default: false },
    },
  })
  if (values.help) {
    console.log(HELP)
    return 0
  }
  const [rounds, seconds] = [Number(values.rounds), Number(values.seconds)]
  if (!Number.isInteger(rounds) || rounds < 10 || !(seconds > 0)) {
    console.error('--rounds must be an integer of at least 10 and --seconds a positive number')
    return 2
  }
  const run = { rounds, seconds, connections: CONNECTIONS, machine: machine() }
  const servers = new Servers()
  try {
    const compared = compare(await measure({ ...run, ...(await servers.start()), progress }))
    process.stderr.write('\n')
    const table = tableOf(compared, run)
    console.log(table)
    if (values.out !== undefined) {
      writeResults(values.out, 'load', {
        machine: run.machine,
        settings: SETTINGS,
        results: resultsOf(compared),
      })
    }
    if (values.readme) writeReadmeTable(README, 'bench:load', table)
    return 0
  } catch (error) {
    console.error(`\n${(error as Error).message}`)
    return 1
  } finally {
    await servers.stop()
  }
}

function progress(step: string): void {
  process.stderr.write(`\r${step}   `)
}
