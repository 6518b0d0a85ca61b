/** What passing a stream's chunks on costs beside a bare pipe: `node benchmarks/streams/run.ts --help`. */
import { measure } from '../load/measure.ts'
import { benchRun } from '../shared/command-line.ts'
import { progress } from '../shared/progress.ts'
import { machine } from '../shared/results.ts'
import { FAST, PACED, type StreamScenario } from './answer.ts'
import { compare, resultsOf, SETTINGS, tableOf } from './report.ts'
import { Sides } from './sides.ts'

const HELP = `Measures the built gateway against a bare Fastify + undici pipe, with long streams of small chunks in a closed loop.

  --out DIR      also writes DIR/streams.json
  --readme       also puts the table into README.md, between its bench:streams markers
  --rounds N     interleaved rounds, at least 10 (default 12)
  --seconds S    seconds of load, on a side and in a round (default 3)
  --help         says this`

process.exitCode = await main()

async function main(): Promise<number> {
  const asked = benchRun({ help: HELP, rounds: 12, length: { option: 'seconds', value: 3 } })
  if (typeof asked === 'number') return asked
  const { rounds, length: seconds } = asked
  const run = { rounds, seconds, machine: machine() }
  const sides = new Sides()
  try {
    const servers = await sides.start()
    const rounds = async (scenario: StreamScenario) => {
      const { connections } = scenario
      const [measured] = await measure({ ...run, servers, scenarios: [scenario], connections, progress })
      process.stderr.write('\n')
      return measured?.sides ?? new Map()
    }
    const compared = compare(await rounds(FAST), await rounds(PACED))
    asked.publish('streams', tableOf(compared, run), {
      machine: run.machine,
      settings: SETTINGS,
      results: resultsOf(compared),
    })
    return 0
  } catch (error) {
    console.error(`\n${(error as Error).message}`)
    return 1
  } finally {
    await sides.stop()
  }
}
