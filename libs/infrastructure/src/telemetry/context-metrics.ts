/** What is known of tenants' and tasks' contexts; none of them by its name. */
import { Counter, Gauge, type Registry } from 'prom-client'

/** Totals are those since the start. */
export interface ContextCounts {
  /** In memory. */
  readonly size: number
  /** Not in memory when they were needed. */
  readonly misses: number
  readonly evictions: number
  /** To load or to store one. */
  readonly failures: number
}

const NOTHING: ContextCounts = { size: 0, misses: 0, evictions: 0, failures: 0 }

export class ContextMetrics {
  readonly #size: Gauge
  readonly #totals: Readonly<Record<'misses' | 'evictions' | 'failures', Counter>>
  #before = NOTHING

  constructor(registers: Registry[]) {
    this.#size = new Gauge({
      name: 'atp_contexts',
      help: 'Tenants and tasks whose own experience is in memory',
      registers,
    })
    const total = (name: string, help: string) => new Counter({ name, help, registers })
    this.#totals = {
      misses: total('atp_context_misses_total', 'Contexts that were not in memory when they were needed'),
      evictions: total('atp_context_evictions_total', 'Contexts that had to go for others'),
      failures: total('atp_context_failures_total', 'Failures to load or to store contexts'),
    }
  }

  set(counts: ContextCounts): void {
    this.#size.set(counts.size)
    for (const name of ['misses', 'evictions', 'failures'] as const) {
      this.#totals[name].inc(counts[name] - this.#before[name])
    }
    this.#before = counts
  }
}
