/** What every bench is asked for in the same words: where its results go, how many rounds, and how long each is. */
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { writeReadmeTable } from './readme-table.ts'
import { type BenchFile, writeResults } from './results.ts'

const README = fileURLToPath(new URL('../../README.md', import.meta.url))
const FEWEST_ROUNDS = 10

export interface BenchCommand {
  readonly help: string
  readonly rounds: number
  /** The option that says how long a round is, and its default. */
  readonly length: { readonly option: string; readonly value: number }
  /** Its own, beside those that every bench has. */
  readonly options?: Readonly<Record<string, { readonly type: 'string' | 'boolean' }>>
}

export interface BenchRun {
  readonly rounds: number
  readonly length: number
  /** What was said of its own options. */
  readonly values: Readonly<Record<string, unknown>>
  /** Prints the table, and writes what was asked for: `DIR/NAME.json`, the README's table. */
  publish(name: string, table: string, content: BenchFile): void
}

/** @returns the run, or the exit code where there is none: help was asked for, or an option is not legal */
export function benchRun({ help, rounds, length, options = {} }: BenchCommand): BenchRun | number {
  const { values } = parseArgs({
    args: process.argv.slice(2).filter(argument => argument !== '--'),
    options: {
      ...options,
      out: { type: 'string' },
      readme: { type: 'boolean', default: false },
      rounds: { type: 'string', default: String(rounds) },
      [length.option]: { type: 'string', default: String(length.value) },
      help: { type: 'boolean', default: false },
    },
  })
  if (values.help) {
    console.log(help)
    return 0
  }
  const run = { rounds: Number(values.rounds), length: Number(values[length.option]) }
  if (!Number.isInteger(run.rounds) || run.rounds < FEWEST_ROUNDS || !(run.length > 0)) {
    console.error(
      `--rounds must be an integer of at least ${FEWEST_ROUNDS} and --${length.option} a positive number`,
    )
    return 2
  }
  return {
    ...run,
    values,
    publish(name, table, content) {
      console.log(table)
      if (typeof values.out === 'string') writeResults(values.out, name, content)
      if (values.readme) writeReadmeTable(README, `bench:${name}`, table)
    },
  }
}
