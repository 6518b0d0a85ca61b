/** What clients see when one of three providers fails: `node benchmarks/outage/run.ts --help`. */

import { benchRun } from '../shared/command-line.ts'
import { progress } from '../shared/progress.ts'
import { machine } from '../shared/results.ts'
import { SteadyStreams, type Streams } from './load.ts'
import { type Measured, PHASES, type PhaseName, resultsOf, SETTINGS, tableOf, verdictOf } from './report.ts'
import { RETRY_BUDGET, Setup } from './setup.ts'

const HELP = `Measures streams through the built gateway and three simulated providers, one of which fails, fails now and then, or stalls.
Ends with 1 where more was retried than the budget allows, or the providers saw more calls than the gateway tells of.

  --out DIR      also writes DIR/outage.json
  --readme       also puts the table into README.md, between its bench:outage markers
  --rounds N     interleaved rounds, at least 10 (default 10)
  --seconds S    seconds of load, in a phase and a round (default 5)
  --help         says this`

const STREAMS_PER_SECOND = 100
/** What the budget is counted over. */
const WINDOW_SECONDS = 10

process.exitCode = await main()

async function main(): Promise<number> {
  const asked = benchRun({ help: HELP, rounds: 10, length: { option: 'seconds', value: 5 } })
  if (typeof asked === 'number') return asked
  const { rounds, length: seconds } = asked
  const run = { rounds, seconds, perSecond: STREAMS_PER_SECOND, machine: machine() }
  const setup = new Setup()
  try {
    await setup.start()
    const results = resultsOf(await measure(setup, rounds, seconds))
    process.stderr.write('\n')
    asked.publish('outage', tableOf(results, run), { machine: run.machine, settings: SETTINGS, results })
    console.log(`\n${verdictOf(results)}`)
    return 0
  } catch (error) {
    console.error(`\n${(error as Error).message}`)
    return 1
  } finally {
    await setup.stop()
  }
}

/** @throws {Error} where retries were not what they may be */
async function measure(setup: Setup, rounds: number, seconds: number): Promise<Measured> {
  const load = new SteadyStreams(setup.url, STREAMS_PER_SECOND)
  const measured = Object.fromEntries(PHASES.map(({ name }) => [name, noRounds()])) as Measured
  const startedAt = performance.now()
  let requests = 0
  const ask = async (forSeconds: number): Promise<Streams> => {
    const streams = await load.run(forSeconds)
    requests += streams.requests
    return streams
  }
  progress('warming up')
  await ask(seconds)
  for (let round = 0; round < rounds; round += 1) {
    // Each phase after each other one, in turn.
    for (const { name, faults } of rotated(round)) {
      progress(`round ${round + 1} of ${rounds}: ${name}`)
      await setup.recover(() => ask(0.5))
      await setup.setFaults(faults)
      const before = await setup.retries()
      addRound(measured[name], await ask(seconds), (await setup.retries()) - before)
    }
  }
  const elapsed = (performance.now() - startedAt) / 1_000
  const retries = await setup.retries()
  const calls = (await setup.calls()).reduce((sum, one) => sum + one)
  await load.close()
  const allowed = RETRY_BUDGET.ratio * requests + RETRY_BUDGET.min_per_second * (elapsed + WINDOW_SECONDS)
  if (retries > allowed) throw new Error(`${retries} retries of ${requests} requests: ${allowed} are allowed`)
  // Fewer, where nobody could be asked: that is an error that its client sees.
  if (calls > requests + retries) {
    throw new Error(`the providers saw ${calls} calls of ${requests} requests with ${retries} retries`)
  }
  return measured
}

function rotated(round: number) {
  const from = round % PHASES.length
  return [...PHASES.slice(from), ...PHASES.slice(0, from)]
}

function noRounds(): Measured[PhaseName] {
  return { requests: [], errors: [], p50: [], p99: [], retries: [] }
}

function addRound(
  into: Measured[PhaseName],
  { requests, errors, latencies }: Streams,
  retries: number,
): void {
  into.requests.push(requests)
  into.errors.push(errors)
  into.p50.push(latencies[Math.floor(0.5 * (latencies.length - 1))] as number)
  into.p99.push(latencies[Math.floor(0.99 * (latencies.length - 1))] as number)
  into.retries.push(retries)
}
