/** What the judge of answers said, and what it cost. */
import { type MicroUsd, toUsd } from '@atp/core/units'
import { Counter, type Registry } from 'prom-client'

export class JudgingMetrics {
  readonly #verdicts: Counter
  readonly #cost: Counter

  constructor(registers: Registry[]) {
    this.#verdicts = new Counter({
      name: 'atp_verdicts_total',
      help: 'Answers that the judge was asked about, by whether it decided',
      labelNames: ['decided'],
      registers,
    })
    this.#cost = new Counter({
      name: 'atp_judging_cost_usd_total',
      help: 'What the judge cost, in US dollars: no part of what answers cost',
      registers,
    })
  }

  judged(decided: boolean, cost: MicroUsd | null): void {
    this.#verdicts.labels(String(decided)).inc()
    if (cost !== null) this.#cost.inc(toUsd(cost))
  }
}
