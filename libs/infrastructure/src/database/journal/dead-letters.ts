/** Rows that Postgres refused, kept beside the spool: the others go on, and these wait for a person. */
import type { DatabaseSync } from 'node:sqlite'

export type LetterKind = 'decision' | 'observation'

/** Why Postgres would not have a row. */
export interface Refusal {
  /** SQLSTATE. */
  readonly code: string
  readonly reason: string
  /** Milliseconds since 1970. */
  readonly at: number
}

export interface DeadLetter extends Refusal {
  /** The row's place in its journal. */
  readonly sequence: number
  readonly kind: LetterKind
  /** The row's own. */
  readonly id: string
  /** As JSON, as it was sent. */
  readonly row: string
  /** The drain sends it again. */
  readonly requeued: boolean
}

export interface LetterCounts {
  readonly all: number
  readonly requeued: number
}

const COLUMNS = 'sequence, kind, id, row, code, reason, refused_at as at, requeued'

export class DeadLetters {
  readonly #database: DatabaseSync

  /** @param database migrated already */
  constructor(database: DatabaseSync) {
    this.#database = database
  }

  counts(): LetterCounts {
    const counted = this.#database
      .prepare('select count(*) as "all", coalesce(sum(requeued), 0) as requeued from dead_letters')
      .get()
    return counted as unknown as LetterCounts
  }

  /** The oldest first, at most `limit`. */
  list(limit: number): DeadLetter[] {
    return this.#select('order by sequence limit ?', limit)
  }

  find(id: string): DeadLetter[] {
    return this.#select('where id = ? order by sequence', id)
  }

  /** Those that are to be sent again. */
  requeued(limit: number): DeadLetter[] {
    return this.#select('where requeued = 1 order by sequence limit ?', limit)
  }

  add({ sequence, kind, id, row }: Pick<DeadLetter, 'sequence' | 'kind' | 'id' | 'row'>, refusal: Refusal) {
    const { code, reason, at } = refusal
    this.#database
      .prepare(
        'insert or replace into dead_letters (sequence, kind, id, row, code, reason, refused_at) values (?, ?, ?, ?, ?, ?, ?)',
      )
      .run(sequence, kind, id, row, code, reason, at)
  }

  /** Postgres refused it again. */
  refuse(sequence: number, { code, reason, at }: Refusal): void {
    this.#database
      .prepare(
        'update dead_letters set requeued = 0, code = ?, reason = ?, refused_at = ? where sequence = ?',
      )
      .run(code, reason, at, sequence)
  }

  /** @param id of a row, or null for all @returns how many there are */
  requeue(id: string | null): number {
    return this.#change('update dead_letters set requeued = 1', id)
  }

  /** @param id of a row, or null for all @returns how many went */
  discard(id: string | null): number {
    return this.#change('delete from dead_letters', id)
  }

  remove(sequence: number): void {
    this.#database.prepare('delete from dead_letters where sequence = ?').run(sequence)
  }

  #select(which: string, parameter: string | number): DeadLetter[] {
    const rows = this.#database.prepare(`select ${COLUMNS} from dead_letters ${which}`).all(parameter)
    return rows.map(row => ({ ...row, requeued: row.requeued === 1 }) as unknown as DeadLetter)
  }

  #change(statement: string, id: string | null): number {
    const changed =
      id === null
        ? this.#database.prepare(statement).run()
        : this.#database.prepare(`${statement} where id = ?`).run(id)
    return Number(changed.changes)
  }
}
