/** How much reward a policy earns on recorded data, under a budget: `node benchmarks/routing/run.ts --help`. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { writeReadmeTable } from '../shared/readme-table.ts'
import { machine } from '../shared/results.ts'
import { chartOf } from './chart.ts'
import { type RecordedData, readRecorded } from './data.ts'
import { bestInside, hindsight } from './hindsight.ts'
import { type Played, play } from './play.ts'
import { POLICIES } from './policies.ts'
import { type MeanEstimate, type RoutingResult, readmeTable, summaryOf, tableOf } from './report.ts'
import { inPython, playRivals } from './rivals.ts'
import { SCENARIOS, type Scenario } from './scenarios.ts'
import { type Shuffle, shuffle, withLast } from './shuffle.ts'
import { playThroughGateway } from './through-gateway.ts'

const HELP = `Replays recorded routing data: rewards, costs and what each policy makes of them.

  --data FILE        prompts with the reward and cost of each model, one JSON object a line (see README.md here)
  --shuffles N       seeded shuffles of rows and arms (default 50)
  --budgets A,B,...  mean US dollars a request (default 0.0003,0.00066,0.0019,0.0053,0.01,0.015)
  --scenario TEXT    only scenarios whose name contains it
  --gateway          also through a running gateway, over HTTP, where nothing changes: the policy named gateway
  --rivals PYTHON    also what other libraries make of it, where this interpreter has them: see rivals/play.py
  --muxer FILE       also the crate muxer: the program built in rivals/muxer
  --out DIR          also writes DIR/routing.json and DIR/routing.svg
  --readme           also puts table and chart into README.md, between its bench:routing markers
  --help             says this`

const README = fileURLToPath(new URL('../../README.md', import.meta.url))
const CHART_IN_README = fileURLToPath(new URL('../../docs/pictures/routing.svg', import.meta.url))
const BUDGETS = '0.0003,0.00066,0.0019,0.0053,0.01,0.015'

interface Runs {
  readonly data: RecordedData
  readonly budgets: readonly number[]
  readonly shuffles: number
}

process.exitCode = await main()

async function main(): Promise<number> {
  const { values } = parseArgs({
    args: process.argv.slice(2).filter(argument => argument !== '--'),
    options: {
      data: { type: 'string' },
      shuffles: { type: 'string', default: '50' },
      budgets: { type: 'string', default: BUDGETS },
      scenario: { type: 'string', default: '' },
      gateway: { type: 'boolean', default: false },
      rivals: { type: 'string' },
      muxer: { type: 'string' },
      out: { type: 'string' },
      readme: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  })
  if (values.help) {
    console.log(HELP)
    return 0
  }
  const shuffles = Number(values.shuffles)
  const budgets = values.budgets.split(',').map(Number)
  if (values.data === undefined) return refuse('--data FILE is needed')
  if (!(Number.isInteger(shuffles) && shuffles > 1)) return refuse('--shuffles must be an integer above 1')
  if (!budgets.every(budget => budget > 0)) return refuse('--budgets must be positive numbers')
  const runs: Runs = { data: readRecorded(values.data), budgets, shuffles }
  const results = [
    ...inHindsight(runs),
    ...SCENARIOS.filter(({ name }) => name.includes(values.scenario)).flatMap(scenario =>
      simulated(runs, scenario),
    ),
    ...(values.rivals === undefined ? [] : rivals(runs, inPython(values.rivals))),
    ...(values.muxer === undefined ? [] : rivals(runs, [values.muxer])),
    ...(values.gateway ? await throughGateway(runs) : []),
  ]
  if (process.stderr.isTTY) process.stderr.write('\n')
  console.log(tableOf(results))
  if (values.out !== undefined) write(values.out, runs, results)
  if (values.readme) {
    writeReadmeTable(README, 'bench:routing', readmeTable(results, runs.data.rows.length, shuffles))
    writeFileSync(CHART_IN_README, chartOf(results))
  }
  return 0
}

function inHindsight({ data: { rows, arms }, budgets }: Runs): RoutingResult[] {
  return budgets.flatMap(budgetUsd =>
    hindsight(rows, arms, budgetUsd).map(({ policy, reward, costUsd }) => ({
      scenario: 'stationary',
      policy,
      budgetUsd,
      reward: exact(reward),
      costUsd: exact(costUsd),
    })),
  )
}

function simulated(runs: Runs, scenario: Scenario): RoutingResult[] {
  const { budgets, shuffles } = runs
  const results: RoutingResult[] = []
  for (const budgetUsd of budgets) {
    for (const [policy, create] of Object.entries(POLICIES)) {
      const played: Played[] = []
      for (let seed = 1; seed <= shuffles; seed += 1) {
        progress(`${scenario.name}, $${budgetUsd}, ${policy}: ${seed} of ${shuffles}`)
        const shuffled = shuffleFor(scenario, runs.data, seed, budgetUsd)
        const hashes = scenario.newcomer === true ? shuffled.hashes.slice(0, -1) : shuffled.hashes
        const player = create({ hashes, budgetUsd, seed })
        played.push(play(player, shuffled, scenario, budgetUsd))
      }
      results.push({ scenario: scenario.name, policy, budgetUsd, ...summaryOf(played) })
    }
  }
  return results
}

/** The one that comes later is in the last place. */
function shuffleFor(
  { newcomer }: Scenario,
  { rows, arms }: RecordedData,
  seed: number,
  budgetUsd: number,
): Shuffle {
  const shuffled = shuffle(rows, arms.length, seed)
  return newcomer === true ? withLast(shuffled, bestInside(shuffled.rows, budgetUsd)) : shuffled
}

function rivals({ data, budgets, shuffles }: Runs, command: readonly string[]): RoutingResult[] {
  return budgets.flatMap(budgetUsd => {
    progress(`rivals, $${budgetUsd}`)
    return [...playRivals(command, data, shuffles, budgetUsd)].map(([policy, played]) => ({
      scenario: 'stationary',
      policy,
      budgetUsd,
      ...summaryOf(played),
    }))
  })
}

async function throughGateway({ data, budgets, shuffles }: Runs): Promise<RoutingResult[]> {
  const results: RoutingResult[] = []
  for (const budgetUsd of budgets) {
    const played: Played[] = []
    for (let seed = 1; seed <= shuffles; seed += 1) {
      progress(`through the gateway, $${budgetUsd}: ${seed} of ${shuffles}`)
      played.push(await playThroughGateway(data, seed, budgetUsd))
    }
    results.push({ scenario: 'stationary', policy: 'gateway', budgetUsd, ...summaryOf(played) })
  }
  return results
}

function write(directory: string, { data: { rows, arms }, shuffles }: Runs, results: RoutingResult[]): void {
  mkdirSync(directory, { recursive: true })
  const content = { machine: machine(), data: { rows: rows.length, arms: arms.length, shuffles }, results }
  writeFileSync(join(directory, 'routing.json'), `${JSON.stringify(content, null, 2)}\n`)
  writeFileSync(join(directory, 'routing.svg'), chartOf(results))
}

/** For whoever looks on; a file wants no such lines. */
function progress(line: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r${line}`.padEnd(100))
}

function refuse(why: string): number {
  console.error(why)
  return 2
}

/** Known, not sampled. */
function exact(value: number): MeanEstimate {
  return { mean: value, low: value, high: value }
}
