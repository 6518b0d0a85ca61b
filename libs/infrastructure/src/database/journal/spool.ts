/**
 * The journal as a spool for Postgres: what is not there yet, and what may go.
 * A row goes only when it is in Postgres and in the snapshot: replay after a restart needs what came after the snapshot.
 */
import type { DatabaseSync, StatementSync } from 'node:sqlite'
import { decisionJson, observationJson } from '../row-json.ts'
import { decodeCandidates } from './candidates-decoder.ts'
import type { DeadLetters, LetterKind, Refusal } from './dead-letters.ts'

export interface SpoolBatch {
  /** The sequence of the last row in it. */
  readonly through: number
  readonly rows: number
  /** JSON arrays of rows, written here so that the thread that serves requests passes on two strings. */
  readonly observations: string
  readonly decisions: string
}

export class Spool {
  readonly #database: DatabaseSync
  readonly #letters: DeadLetters
  readonly #observationsAfter: StatementSync
  readonly #decisionsAfter: StatementSync
  readonly #setDrained: StatementSync
  readonly #trimObservations: StatementSync
  readonly #trimDecisions: StatementSync
  readonly #lastToDrop: StatementSync
  readonly #dropObservations: StatementSync
  readonly #dropDecisions: StatementSync
  readonly #names: readonly string[]
  #drained: number
  #dropped = 0

  /** @param names the journal's dictionary, which grows */
  constructor(database: DatabaseSync, names: readonly string[], letters: DeadLetters) {
    this.#database = database
    this.#letters = letters
    this.#names = names
    this.#observationsAfter = database.prepare(rowsAfter('observations'))
    this.#decisionsAfter = database.prepare(rowsAfter('decisions'))
    this.#setDrained = database.prepare('update spool set drained_through = ?')
    this.#trimObservations = database.prepare(trimOf('observations'))
    this.#trimDecisions = database.prepare(trimOf('decisions'))
    this.#lastToDrop = database.prepare(LAST_TO_DROP)
    this.#dropObservations = database.prepare('delete from observations where sequence <= ?')
    this.#dropDecisions = database.prepare('delete from decisions where sequence <= ?')
    this.#drained = database.prepare('select drained_through from spool').get()?.drained_through as number
  }

  /** The sequence up to which everything is in Postgres. */
  get drained(): number {
    return this.#drained
  }

  /** Rows that were dropped before they were in Postgres, since the start. */
  get dropped(): number {
    return this.#dropped
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
    // Rows that were dropped meanwhile are behind it.
    const drained = Math.max(through, this.#drained)
    this.#setDrained.run(drained)
    this.#drained = drained
  }

  /** Postgres refuses this row, the next one: it is put aside, so that the others go on. It may have been dropped meanwhile. */
  bury(sequence: number, refusal: Refusal): void {
    const batch = this.undrained(1)
    if (batch?.through !== sequence) return
    const kind: LetterKind = batch.decisions === '[]' ? 'observation' : 'decision'
    const row = (kind === 'decision' ? batch.decisions : batch.observations).slice(1, -1)
    const { id } = JSON.parse(row) as { readonly id: string }
    this.#together(() => {
      this.#letters.add({ sequence: batch.through, kind, id, row }, refusal)
      this.markDrained(batch.through)
    })
  }

  /**
   * Deletes the oldest rows, at most `limit`, wherever they are; but none that a replay after a restart would need.
   * @returns how many went
   */
  dropOldest(limit: number): number {
    const last = this.#lastToDrop.get({ limit })?.last as number | undefined
    if (last === undefined) return 0
    const before = this.#drained
    const rows = this.#together(() => {
      const observations = this.#dropObservations.run(last).changes
      const decisions = this.#dropDecisions.run(last).changes
      this.markDrained(last)
      return Number(observations) + Number(decisions)
    })
    this.#dropped += Math.max(0, Math.min(rows, last - before))
    return rows
  }

  /** Deletes rows that nobody needs, at most `limit` of each kind. @returns how many went */
  trim(limit: number): number {
    return Number(this.#trimObservations.run(limit).changes) + Number(this.#trimDecisions.run(limit).changes)
  }

  #together<Result>(work: () => Result): Result {
    const drained = this.#drained
    this.#database.exec('begin immediate')
    try {
      const result = work()
      this.#database.exec('commit')
      return result
    } catch (error) {
      if (this.#database.isTransaction) this.#database.exec('rollback')
      this.#drained = drained
      throw error
    }
  }

  #candidates(row: Record<string, unknown>): unknown[] {
    return decodeCandidates(row.candidates as Uint8Array, row.exclusions as string | null, this.#names)
  }
}

/** No row where the oldest row is not in the snapshot yet. */
const LAST_TO_DROP = `
  with oldest as (
    select min(sequence) as first from (
      select min(sequence) as sequence from observations union all select min(sequence) from decisions)),
  learned as (select max(applied_sequence) as last from snapshots)
  select min(first + :limit - 1, last) as last from oldest, learned where first <= last`

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
