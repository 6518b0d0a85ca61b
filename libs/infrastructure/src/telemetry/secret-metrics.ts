/** How the secrets are kept up to date, by the kind of place that they are in; none of them by its path, which may say too much. */
import { Counter, Gauge, type Registry } from 'prom-client'

/** Totals are those since the start. */
export interface SecretCounts {
  /** One of a handful: `env`, `file`, `vault`, `secret`. */
  readonly source: string
  readonly reads: number
  /** Readings that brought another version than the one before, the first included. */
  readonly versions: number
  readonly failures: number
  /** Milliseconds since the one that was read longest ago was read; null where one was never read. */
  readonly oldestMs: number | null
}

const TOTALS = ['reads', 'versions', 'failures'] as const

export class SecretMetrics {
  readonly #age: Gauge
  readonly #totals: Readonly<Record<(typeof TOTALS)[number], Counter>>
  readonly #before = new Map<string, SecretCounts>()

  constructor(registers: Registry[]) {
    const labelNames = ['source']
    this.#age = new Gauge({
      name: 'atp_secret_age_seconds',
      help: 'Seconds since the secret of this source that was read longest ago was read',
      labelNames,
      aggregator: 'max',
      registers,
    })
    const total = (name: string, help: string) => new Counter({ name, help, labelNames, registers })
    this.#totals = {
      reads: total('atp_secret_reads_total', 'Readings of secrets that succeeded'),
      versions: total('atp_secret_versions_total', 'Readings that brought another version of a secret'),
      failures: total('atp_secret_failures_total', 'Readings of secrets that failed'),
    }
  }

  set(all: readonly SecretCounts[]): void {
    for (const counts of all) {
      const { source, oldestMs } = counts
      const before = this.#before.get(source)
      for (const name of TOTALS) this.#totals[name].labels(source).inc(counts[name] - (before?.[name] ?? 0))
      if (oldestMs !== null) this.#age.labels(source).set(oldestMs / 1_000)
      this.#before.set(source, counts)
    }
  }
}
