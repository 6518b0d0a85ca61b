/** What the detection of personal data finds, and how fast: `node benchmarks/guardrails/run.ts --help`. */
import { readFileSync } from 'node:fs'
import { createPiiDetector, PII_KINDS } from '@atp/infrastructure/guardrails'
import { benchRun } from '../shared/command-line.ts'
import { machine } from '../shared/results.ts'
import { type LabelledText, SET_FILE } from './labelled-set.ts'
import { scoreResults, speedResults, tableOf } from './report.ts'
import { score } from './score.ts'
import { measureSpeed, workloads } from './speed.ts'

const HELP = `Measures precision, recall and speed of the detection of personal data on the labelled set.

  --out DIR      also writes DIR/guardrails.json
  --readme       also puts the table into README.md, between its bench:guardrails markers
  --rounds N     rounds, at least 10 (default 15)
  --time MS      milliseconds a kind of text and round (default 100)
  --help         says this`

/** Those whose national numbers are in the set. */
const PHONE_COUNTRIES = ['US', 'GB', 'DE', 'FR', 'ES', 'BR']

process.exitCode = main()

function main(): number {
  const asked = benchRun({ help: HELP, rounds: 15, length: { option: 'time', value: 100 } })
  if (typeof asked === 'number') return asked
  const { rounds, length: timeMs } = asked
  const detector = createPiiDetector({ kinds: PII_KINDS, phoneCountries: PHONE_COUNTRIES })
  const set = readFileSync(SET_FILE, 'utf8')
    .trimEnd()
    .split('\n')
    .map(line => JSON.parse(line) as LabelledText)
  const parts = {
    development: score(
      detector,
      set.filter(({ part }) => part === 'development'),
      PII_KINDS,
    ),
    held_out: score(
      detector,
      set.filter(({ part }) => part === 'held_out'),
      PII_KINDS,
    ),
  }
  const speeds = measureSpeed(detector, workloads(set), rounds, timeMs)
  const results = [...scoreResults(parts), ...speedResults(speeds)]
  asked.publish('guardrails', tableOf(parts, speeds, set.length, rounds, machine()), {
    machine: machine(),
    settings: { pii: { kinds: PII_KINDS.join(' '), phone_countries: PHONE_COUNTRIES.join(' ') } },
    results,
  })
  return 0
}
