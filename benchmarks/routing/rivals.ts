/** What other libraries make of the same shuffles: `benchmarks/rivals` says which and how. */
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { RecordedData } from './data.ts'
import { type Played, playedOf, type Speed } from './play.ts'
import { shuffle } from './shuffle.ts'

const SCRIPT = fileURLToPath(new URL('../rivals/play.py', import.meta.url))
const MOST_OUTPUT = 1 << 30

interface Answers {
  readonly rewards: readonly number[]
  readonly costs: readonly number[]
  readonly speed: Speed
}

/** The Python ones. @param python the interpreter where they are installed */
export function inPython(python: string): readonly string[] {
  return [python, SCRIPT]
}

/**
 * @param command that plays them: it reads a task as JSON and writes the answers
 * @returns by name of the rival, one play a shuffle
 * @throws {Error} where it cannot be run
 */
export function playRivals(
  command: readonly string[],
  { arms, rows }: RecordedData,
  shuffles: number,
  budgetUsd: number,
): ReadonlyMap<string, readonly Played[]> {
  const placeOf = new Map(rows.map((row, place) => [row.features, place]))
  const task = {
    budget: budgetUsd,
    features: rows.map(({ features }) => Array.from(features)),
    shuffles: Array.from({ length: shuffles }, (_, index) => {
      const shuffled = shuffle(rows, arms.length, index + 1).rows
      return {
        rows: shuffled.map(({ features }) => placeOf.get(features)),
        rewards: shuffled.map(({ rewards }) => rewards),
        costs: shuffled.map(({ costs }) => costs),
      }
    }),
  }
  const { status, stdout, stderr, error } = spawnSync(command[0] as string, command.slice(1), {
    input: JSON.stringify(task),
    encoding: 'utf8',
    maxBuffer: MOST_OUTPUT,
  })
  if (error !== undefined || status !== 0) {
    throw new Error(`${command[0]} cannot play the rivals: ${error?.message ?? stderr.slice(-2_000)}`)
  }
  const played = JSON.parse(stdout) as Readonly<Record<string, readonly Answers[]>>
  return new Map(
    Object.entries(played).map(([name, answers]) => [
      name,
      answers.map(({ rewards, costs, speed }) => ({ ...playedOf(rewards, costs, budgetUsd), speed })),
    ]),
  )
}
