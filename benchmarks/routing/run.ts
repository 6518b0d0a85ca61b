/** How much reward a policy earns on recorded data, under a budget: `node benchmarks/routing/run.ts --help`. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { machine } from '../shared/results.ts'
import { readRecorded } from './data.ts'
import { hindsight } from './hindsight.ts'
import { type Played, play } from './play.ts'
import { POLICIES } from './policies.ts'
import { type MeanEstimate, meanEstimate, type RoutingResult, tableOf } from './report.ts'
import { SCENARIOS } from './scenarios.ts'
import { shuffle } from './shuffle.ts'

const HELP = `Replays recorded routing data: rewards, costs and what each policy makes of them.

  --data FILE        prompts with the reward and cost of each model, one JSON object a line (see README.md here)
  --shuffles N       seeded shuffles of rows and arms (default 50)
  --budgets A,B,...  mean US dollars a request (default 0.0003,0.00066,0.0019,0.0053,0.01,0.015)
  --scenario TEXT    only scenarios whose name contains it
  --out DIR          also writes DIR/routing.json
  --help             says this`

const BUDGETS = '0.0003,0.00066,0.0019,0.0053,0.01,0.015'

process.exitCode = main()

function main(): number {
  const { values } = parseArgs({
    args: process.argv.slice(2).filter(argument => argument !== '--'),
    options: {
      data: { type: 'string' },
      shuffles: { type: 'string', default: '50' },
      budgets: { type: 'string', default: BUDGETS },
      scenario: { type: 'string', default: '' },
      out: { type: 'string' },
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
  const { arms, rows } = readRecorded(values.data)
  const results: RoutingResult[] = []
  for (const budgetUsd of budgets) {
    for (const { policy, reward, costUsd } of hindsight(rows, arms, budgetUsd)) {
      results.push({
        scenario: 'stationary',
        policy,
        budgetUsd,
        reward: exact(reward),
        costUsd: exact(costUsd),
      })
    }
  }
  for (const scenario of SCENARIOS.filter(({ name }) => name.includes(values.scenario))) {
    for (const budgetUsd of budgets) {
      for (const [policy, create] of Object.entries(POLICIES)) {
        const played: Played[] = []
        for (let seed = 1; seed <= shuffles; seed += 1) {
          process.stderr.write(
            `\r${scenario.name}, $${budgetUsd}, ${policy}: ${seed} of ${shuffles} `.padEnd(100),
          )
          const shuffled = shuffle(rows, arms.length, seed)
          const player = create({ hashes: shuffled.hashes, budgetUsd, seed })
          played.push(play(player, shuffled, scenario, budgetUsd))
        }
        results.push({
          scenario: scenario.name,
          policy,
          budgetUsd,
          reward: meanEstimate(played.map(({ reward }) => reward)),
          costUsd: meanEstimate(played.map(({ costUsd }) => costUsd)),
          lastReward: meanEstimate(played.map(({ lastReward }) => lastReward)),
          worstOverspend: Math.max(...played.map(({ overspend }) => overspend)),
        })
      }
    }
  }
  process.stderr.write('\n')
  console.log(tableOf(results))
  if (values.out !== undefined) {
    mkdirSync(values.out, { recursive: true })
    const content = { machine: machine(), data: { rows: rows.length, arms: arms.length, shuffles }, results }
    writeFileSync(join(values.out, 'routing.json'), `${JSON.stringify(content, null, 2)}\n`)
  }
  return 0
}

function refuse(why: string): number {
  console.error(why)
  return 2
}

/** Known, not sampled. */
function exact(value: number): MeanEstimate {
  return { mean: value, low: value, high: value }
}
