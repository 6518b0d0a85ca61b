/** Our limiters against others, in speed and in what they let through: `node benchmarks/limits/run.ts --help`. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { startRedis } from '@atp/test-services'
import { Redis } from 'ioredis'
import { progress } from '../shared/progress.ts'
import { writeReadmeTable } from '../shared/readme-table.ts'
import { machine } from '../shared/results.ts'
import { chartOf } from './chart.ts'
import { LOADS, type Overshoot, overshoot } from './overshoot.ts'
import { overshootResults, speedResults, tableOf } from './report.ts'
import { OVERSHOOT_SIDES, SIDE_NAMES, sideOf } from './sides.ts'
import { throughput } from './throughput.ts'

const HELP = `Measures the limiters on a Redis of their own: decisions a second at three levels at once, and overshoot.

  --out DIR      also writes DIR/limits.json and DIR/limits.svg
  --readme       also puts table and chart into README.md, between its bench:limits markers
  --rounds N     interleaved rounds, at least 10 (default 12)
  --time MS      milliseconds of load, on a side and in a round (default 1500)
  --help         says this`

const FEWEST_ROUNDS = 10
const README = fileURLToPath(new URL('../../README.md', import.meta.url))
const CHART_IN_README = fileURLToPath(new URL('../../docs/pictures/limits.svg', import.meta.url))

process.exitCode = await main()

async function main(): Promise<number> {
  const { values } = parseArgs({
    args: process.argv.slice(2).filter(argument => argument !== '--'),
    options: {
      out: { type: 'string' },
      readme: { type: 'boolean', default: false },
      rounds: { type: 'string', default: '12' },
      time: { type: 'string', default: '1500' },
      help: { type: 'boolean', default: false },
    },
  })
  if (values.help) {
    console.log(HELP)
    return 0
  }
  const [rounds, timeMs] = [Number(values.rounds), Number(values.time)]
  if (!Number.isInteger(rounds) || rounds < FEWEST_ROUNDS || !(timeMs > 0)) {
    console.error(`--rounds must be an integer of at least ${FEWEST_ROUNDS} and --time a positive number`)
    return 2
  }
  const { speed, overshoots } = await measure(rounds, timeMs)
  const table = tableOf(speed, overshoots, { machine: machine(), rounds })
  console.log(table)
  if (values.out !== undefined) {
    const content = { machine: machine(), results: [...speed, ...overshootResults(overshoots)] }
    write(join(values.out, 'limits.json'), `${JSON.stringify(content, null, 2)}\n`)
    write(join(values.out, 'limits.svg'), chartOf(overshoots))
  }
  if (values.readme) {
    writeReadmeTable(README, 'bench:limits', table)
    write(CHART_IN_README, chartOf(overshoots))
  }
  return 0
}

async function measure(rounds: number, timeMs: number) {
  const server = await startRedis()
  const redis = new Redis(server.url)
  try {
    const sides = SIDE_NAMES.map(name => sideOf(name, redis))
    const speed = speedResults(await throughput({ sides, redis, rounds, timeMs, progress }))
    const overshoots: Overshoot[] = []
    for (const load of LOADS) {
      for (const side of OVERSHOOT_SIDES) {
        progress(`overshoot of ${side} at ${load.processes} x ${load.concurrent}`)
        overshoots.push(await overshoot(server.url, side, load))
      }
    }
    process.stderr.write('\n')
    return { speed, overshoots }
  } finally {
    redis.disconnect()
    await server.stop()
  }
}

function write(path: string, content: string): void {
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, content)
}
