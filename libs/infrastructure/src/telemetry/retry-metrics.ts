/** Requests that were sent to an upstream once more, and those that were not, because the budget for it was spent. */
import { RETRY_KINDS, type RetryKind } from '@atp/domain/adapter'
import { Counter, type Registry } from 'prom-client'

/** Who answered. */
export type HedgeWinner = 'first' | 'second' | 'neither'

export class RetryMetrics {
  readonly #made: Counter
  readonly #refused: Counter
  readonly #hedges: Counter

  constructor(registers: Registry[]) {
    this.#made = new Counter({
      name: 'atp_retries_total',
      help: 'Calls of models beside the first of a request, by why they were made',
      labelNames: ['kind'],
      registers,
    })
    this.#refused = new Counter({
      name: 'atp_retries_refused_total',
      help: 'Such calls that were not made, because the retry budget was spent',
      labelNames: ['kind'],
      registers,
    })
    this.#hedges = new Counter({
      name: 'atp_hedges_total',
      help: 'Requests that asked a second model because the first was slow, by who answered',
      labelNames: ['answered'],
      registers,
    })
    // From the start: an alert on what has never happened needs a series.
    for (const kind of RETRY_KINDS) {
      this.#made.labels(kind).inc(0)
      this.#refused.labels(kind).inc(0)
    }
  }

  hedged(answered: HedgeWinner): void {
    this.#hedges.labels(answered).inc()
  }

  made(kind: RetryKind): void {
    this.#made.labels(kind).inc()
  }

  refused(kind: RetryKind): void {
    this.#refused.labels(kind).inc()
  }
}
