/**
 * The journal as a spool for Postgres: what is not there yet, and what may go.
 * A row goes only when it is in Postgres and in the snapshot: replay after a restart needs what came after the snapshot.
 */
import type { DatabaseSync, StatementSync } from 'node:sqlite'
import { decisionJson, observationJson } from '../row-json.ts'
import { decodeCandidates } from './candidates-decoder.ts'

export interface SpoolBatch {
  /** The sequence of the last row in it. */
  readonly through: number
  readonly rows: number
  /** JSON arrays of rows, written here so that the thread that serves requests passes on two strings. */
  readonly observations: string
  readonly decisions: string
}

export class Spool {
  readonly #observationsAfter: StatementSync
  readonly #decisionsAfter: StatementSync
  readonly #setDrained: StatementSync
  readonly #trimObservations: StatementSync
  readonly #trimDecisions: StatementSync
  readonly #names: readonly string[]
  #drained: number

  /** @param names the journal's dictionary, which grows */
  constructor(database: DatabaseSync, names: readonly string[]) {
    this.#names = names
    this.#observationsAfter = database.prepare(rowsAfter('observations'))
    this.#decisionsAfter = database.prepare(rowsAfter('decisions'))
    this.#setDrained = database.prepare('update spool set drained_through = ?')
    this.#trimObservations = database.prepare(trimOf('observations'))
    this.#trimDecisions = database.prepare(trimOf('decisions'))
    this.#drained = database.prepare('select drained_through from spool').get()?.drained_through as number
  }

  /** The sequence up to which everything is in Postgres. */
  get drained(): number {
    return this.#drained
  }

  /** The next rows in order of commit, at most `limit`; null where all is drained. */
  undrained(limit: number): SpoolBatch | null {
    let observations = this.#observationsAfter.all(this.#drained, limit)
    let decisions = this.#decisionsAfter.all(this.#drained, limit)
    const sequences = [...observations, ...decisions].map(row => row.sequence as number).sort((a, b) => a - b)
    const through = sequences[Math.min(limit, sequences.length) - 1]
    if (through === undefined) return null
    observations = observations.filter(row => (row.sequence as number) <= through)
    decisions = decisions.filter(row => (row.sequence as number) <= through)
    return {
      through,
      rows: observations.length + decisions.length,
      observations: `[${observations.map(observationJson).join()}]`,
      decisions: `[${decisions.map(row => decisionJson(row, this.#candidates(row))).join()}]`,
    }
  }

  markDrained(through: number): void {
    this.#setDrained.run(through)
    this.#drained = through
  }

  /** Deletes rows that nobody needs, at most `limit` of each kind. @returns how many went */
  trim(limit: number): number {
    return Number(this.#trimObservations.run(limit).changes) + Number(this.#trimDecisions.run(limit).changes)
  }

  #candidates(row: Record<string, unknown>): unknown[] {
    return decodeCandidates(row.candidates as Uint8Array, row.exclusions as string | null, this.#names)
  }
}

function rowsAfter(table: string): string {
  return `select * from ${table} where sequence > ? order by sequence limit ?`
}

function trimOf(table: string): string {
  return `delete from ${table} where sequence in (
    select sequence from ${table}
    where sequence <= (select drained_through from spool)
      and sequence <= coalesce((select max(applied_sequence) from snapshots), 0)
    order by sequence limit ?)`
}
