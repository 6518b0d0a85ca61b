/** What it costs to record, how fast a journal drains, how fast a gateway stops: `node benchmarks/durability/run.ts --help`. */
import { postgresForTests } from '@atp/test-services'
import { SCENARIOS, type Scenario } from '../load/closed-loop.ts'
import { type MeasuredScenario, measure } from '../load/measure.ts'
import { benchRun } from '../shared/command-line.ts'
import { progress } from '../shared/progress.ts'
import { machine } from '../shared/results.ts'
import { measureDrain } from './drain.ts'
import { Gateways, type SideName } from './gateways.ts'
import { resultsOf, SETTINGS, tableOf, verdictOf } from './report.ts'
import { measureStop } from './stop.ts'

const HELP = `Measures the built gateway with durability off, process and power, in a closed loop of 32 connections; the drain of
a journal to a Postgres of its own, where there is one; and the time from SIGTERM to the end under load.

  --out DIR      also writes DIR/durability.json
  --readme       also puts the table into README.md, between its bench:durability markers
  --rounds N     interleaved rounds, at least 10 (default 12)
  --seconds S    seconds of load, on a side and in a round (default 3)
  --help         says this`

const CONNECTIONS = 32

process.exitCode = await main()

async function main(): Promise<number> {
  const asked = benchRun({ help: HELP, rounds: 12, length: { option: 'seconds', value: 3 } })
  if (typeof asked === 'number') return asked
  const { rounds, length: seconds } = asked
  const run = { rounds, seconds, connections: CONNECTIONS, machine: machine() }
  const gateways = new Gateways()
  try {
    const scenarios = [SCENARIOS[0] as Scenario]
    const servers = await gateways.startAll()
    const [load] = await measure<SideName>({ ...run, servers, scenarios, progress })
    const stop = await measureStop({ ...run, gateways, progress })
    const drain = (await hasPostgres()) ? await measureDrain(rounds, progress) : null
    process.stderr.write('\n')
    const results = resultsOf({ load: load as MeasuredScenario<SideName>, drain, stop })
    asked.publish('durability', tableOf(results, run), { machine: run.machine, settings: SETTINGS, results })
    console.log(`\n${verdictOf(results)}`)
    return 0
  } catch (error) {
    console.error(`\n${(error as Error).message}`)
    return 1
  } finally {
    await gateways.stop()
  }
}

async function hasPostgres(): Promise<boolean> {
  const postgres = await postgresForTests({ PATH: process.env.PATH })
  if (postgres.missing !== null) return false
  await postgres.stop()
  return true
}
