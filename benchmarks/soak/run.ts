/** Whether a gateway under load stays as large as it is: `node benchmarks/soak/run.ts --help`. */
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import type { Sample } from './sample.ts'
import { soak } from './soak.ts'
import { verdictsOf, verdictText } from './verdict.ts'

const HELP = `Runs the built gateway under steady load, with a Postgres of its own where the machine has one, and says whether memory,
open files, sockets and timers stay flat. Ends with 1 where something grows.

  --minutes N    how long (default 10)
  --help         says this`

const GATEWAY = fileURLToPath(new URL('../../apps/gateway/dist/main.js', import.meta.url))
/** The samples of less say nothing. */
const SHORTEST_MINUTES = 0.3

process.exitCode = await main()

async function main(): Promise<number> {
  const { values } = parseArgs({
    args: process.argv.slice(2).filter(argument => argument !== '--'),
    options: {
      minutes: { type: 'string', default: '10' },
      help: { type: 'boolean', default: false },
    },
  })
  if (values.help) {
    console.log(HELP)
    return 0
  }
  const minutes = Number(values.minutes)
  if (!(minutes >= SHORTEST_MINUTES)) {
    console.error(`--minutes must be a number of at least ${SHORTEST_MINUTES}, found ${values.minutes}`)
    return 2
  }
  if (!existsSync(GATEWAY)) {
    console.error('the gateway is not built: run `npm run build` first')
    return 1
  }
  const verdicts = verdictsOf(await soak({ gateway: [GATEWAY], seconds: minutes * 60, progress }))
  process.stderr.write('\n')
  console.log(verdictText(verdicts))
  return verdicts.every(({ isFlat }) => isFlat) ? 0 : 1
}

function progress({ seconds, rss, handles, sockets, timers }: Sample): void {
  const figures = `${rss.toFixed(0)} MiB, ${handles} open files, ${sockets} sockets, ${timers} timers`
  process.stderr.write(`\r${seconds.toFixed(0)} s: ${figures}   `)
}
