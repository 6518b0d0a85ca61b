/** A journal in memory that commits when it is told to, or refuses to; and the repositories over the same rows. */

import type {
  Journal,
  JournalBatch,
  Observation,
  ObservationRepository,
} from '../../src/observation/index.ts'
import { NO_CONTEXT } from '../../src/observation/ports.ts'

interface Append {
  readonly batch: JournalBatch
  readonly settle: PromiseWithResolvers<number>
}

export class MemoryJournal implements Journal, ObservationRepository {
  readonly rows: Observation[] = []
  readonly decisions: string[] = []
  /** Appends that wait for `commit` or `refuse`. */
  readonly waiting: Append[] = []
  /** Rows of each commit. */
  readonly commits: number[] = []
  readonly #byHand: boolean

  /** @param options.byHand appends wait to be committed or refused */
  constructor(options: { readonly byHand: boolean } = { byHand: false }) {
    this.#byHand = options.byHand
  }

  append(batch: JournalBatch): Promise<number> {
    const settle = Promise.withResolvers<number>()
    this.waiting.push({ batch, settle })
    if (!this.#byHand) this.commit()
    return settle.promise
  }

  commit(): void {
    const append = this.waiting.shift()
    if (append === undefined) throw new Error('nothing is to be committed')
    const known = new Set(this.rows.map(row => row.id))
    for (const row of append.batch.observations) if (!known.has(row.id)) this.rows.push(row)
    for (const decision of append.batch.decisions) this.decisions.push(decision.id)
    this.commits.push(append.batch.observations.length)
    append.settle.resolve(this.rows.length)
  }

  refuse(): void {
    const append = this.waiting.shift()
    if (append === undefined) throw new Error('nothing is to be refused')
    append.settle.reject(new Error('the disk is full'))
  }

  async known(ids: readonly string[]): Promise<ReadonlySet<string>> {
    const rows = new Set<string>(this.rows.map(row => row.id))
    return new Set(ids.filter(id => rows.has(id)))
  }

  async after(sequence: number, limit: number) {
    return this.rows
      .slice(sequence, sequence + limit)
      .map((observation, index) => ({ sequence: sequence + index + 1, observation, context: NO_CONTEXT }))
  }
}
