/** The dead letters of all journals in a data directory, for `atp dead-letters`: beside a running gateway, without its lock. */
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { AtpError } from '@atp/core/errors'
import { type DeadLetter, DeadLetters } from './journal/dead-letters.ts'
import { JOURNAL_FILE } from './journal/protocol.ts'

/** Milliseconds: the gateway's own commits are short. */
const BUSY_TIMEOUT_MS = 10_000

/** A row's id names it in all of them. */
export class DeadLetterOffice {
  readonly #databases: readonly DatabaseSync[]
  readonly #letters: readonly DeadLetters[]

  private constructor(databases: readonly DatabaseSync[]) {
    this.#databases = databases
    this.#letters = databases.filter(keepsLetters).map(database => new DeadLetters(database))
  }

  /** @throws {AtpError} `start_failed` where there is no journal in the directory, nor in one of its own */
  static open(dataDir: string): DeadLetterOffice {
    const files = journalsIn(dataDir)
    if (files.length === 0) {
      throw new AtpError('start_failed', {
        detail: `there is no journal in ${dataDir}: nothing was recorded there`,
      })
    }
    return new DeadLetterOffice(files.map(file => new DatabaseSync(file, { timeout: BUSY_TIMEOUT_MS })))
  }

  /** The oldest of each journal first, at most `limit` of each. */
  list(limit: number): DeadLetter[] {
    return this.#letters.flatMap(letters => letters.list(limit))
  }

  find(id: string): DeadLetter[] {
    return this.#letters.flatMap(letters => letters.find(id))
  }

  count(): number {
    return sum(this.#letters.map(letters => letters.counts().all))
  }

  /** The running gateway sends them again within a second, or the next one when it starts. @param id null for all @returns how many */
  requeue(id: string | null): number {
    return sum(this.#letters.map(letters => letters.requeue(id)))
  }

  /** @param id null for all @returns how many went */
  discard(id: string | null): number {
    return sum(this.#letters.map(letters => letters.discard(id)))
  }

  close(): void {
    for (const database of this.#databases) database.close()
  }
}

/** A directory's own, and those of its workers. */
function journalsIn(dataDir: string): string[] {
  if (!existsSync(dataDir)) return []
  const inside = readdirSync(dataDir, { withFileTypes: true }).filter(entry => entry.isDirectory())
  const directories = [dataDir, ...inside.map(({ name }) => join(dataDir, name))]
  return directories.map(directory => join(directory, JOURNAL_FILE)).filter(file => existsSync(file))
}

/** Versions before had no place for them. */
function keepsLetters(database: DatabaseSync): boolean {
  return database.prepare("select 1 from sqlite_schema where name = 'dead_letters'").get() !== undefined
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0)
}
