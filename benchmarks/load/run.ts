/** The gateway against a bare Fastify + undici proxy of the same upstream, and against itself with keys and limits: `node benchmarks/load/run.ts --help`. */
import { benchRun } from '../shared/command-line.ts'
import { progress } from '../shared/progress.ts'
import { machine } from '../shared/results.ts'
import { measure } from './measure.ts'
import { compare, resultsOf, SETTINGS, tableOf } from './report.ts'
import { Servers } from './servers.ts'

const HELP = `Measures the built gateway against a bare pass-through, in a closed loop of 32 connections.

  --limits URL   also measures it with keys and a tenant with three limits, on the Redis at this URL
  --out DIR      also writes DIR/load.json
  --readme       also puts the table into README.md, between its bench:load markers
  --rounds N     interleaved rounds, at least 10 (default 12)
  --seconds S    seconds of load, on a side and in a round (default 3)
  --help         says this`

const CONNECTIONS = 32

process.exitCode = await main()

async function main(): Promise<number> {
  const asked = benchRun({
    help: HELP,
    rounds: 12,
    length: { option: 'seconds', value: 3 },
    options: { limits: { type: 'string' } },
  })
  if (typeof asked === 'number') return asked
  const { rounds, length: seconds, values } = asked
  const redisUrl = typeof values.limits === 'string' ? values.limits : null
  const run = { rounds, seconds, connections: CONNECTIONS, machine: machine() }
  const servers = new Servers()
  try {
    const compared = compare(await measure({ ...run, servers: await servers.start(redisUrl), progress }))
    process.stderr.write('\n')
    asked.publish('load', tableOf(compared, run), {
      machine: run.machine,
      settings: SETTINGS,
      results: resultsOf(compared),
    })
    return 0
  } catch (error) {
    console.error(`\n${(error as Error).message}`)
    return 1
  } finally {
    await servers.stop()
  }
}
