/** How full the journal is, and what did not get where it should. */
import { Counter, Gauge, type Registry } from 'prom-client'

export class JournalMetrics {
  readonly #bytes: Gauge
  readonly #dropped: Counter
  readonly #deadLetters: Gauge
  #droppedBefore = 0

  constructor(registers: Registry[]) {
    this.#bytes = new Gauge({
      name: 'atp_journal_bytes',
      help: "Bytes that the journal's rows take; data.journal_limit_bytes is the most",
      registers,
    })
    this.#dropped = new Counter({
      name: 'atp_journal_dropped_rows_total',
      help: 'Rows that gave way in a full journal before they were in Postgres',
      registers,
    })
    this.#deadLetters = new Gauge({
      name: 'atp_dead_letters',
      help: 'Rows that Postgres refused, kept aside until somebody looks at them',
      registers,
    })
  }

  /** @param dropped since the start */
  set(bytes: number, dropped: number, deadLetters: number): void {
    this.#bytes.set(bytes)
    this.#dropped.inc(dropped - this.#droppedBefore)
    this.#droppedBefore = dropped
    this.#deadLetters.set(deadLetters)
  }
}
