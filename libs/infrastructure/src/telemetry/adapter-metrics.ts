/** Which circuits are open, and how many calls each adapter has and bears. Read when Prometheus asks. */
import type { AdapterHealth } from '@atp/domain/adapter'
import { Counter, Gauge, type Registry } from 'prom-client'
import { LabelCache } from './label-cache.ts'
import { MAX_ARMS } from './series.ts'

const MAX_ADAPTERS = 256

type Series = Gauge.Internal<string>
export type AdapterFigures = Pick<AdapterHealth, 'circuit' | 'inFlight' | 'concurrencyLimit'> & {
  readonly arms: Readonly<Record<string, Pick<AdapterHealth, 'circuit'>>>
}

export class AdapterMetrics {
  readonly #circuits: LabelCache<Series>
  readonly #modelCircuits: LabelCache<Series>
  readonly #inFlight: LabelCache<Series>
  readonly #limits: LabelCache<Series>
  readonly #trials: Counter

  constructor(registers: Registry[]) {
    const gauge = (name: string, help: string, label: string, aggregator: 'max' | 'sum', most: number) => {
      const series = new Gauge({ name, help, labelNames: [label], aggregator, registers })
      return new LabelCache<Series>(most, value => series.labels(value))
    }
    this.#circuits = gauge(
      'atp_circuit_open',
      "1 while an adapter's circuit is open: it gets no traffic",
      'adapter',
      'max',
      MAX_ADAPTERS,
    )
    this.#modelCircuits = gauge(
      'atp_model_circuit_open',
      "1 while a model's own circuit is open: it gets no traffic",
      'arm',
      'max',
      MAX_ARMS,
    )
    this.#inFlight = gauge(
      'atp_adapter_calls_in_flight',
      'Calls of an adapter that have not ended',
      'adapter',
      'sum',
      MAX_ADAPTERS,
    )
    this.#limits = gauge(
      'atp_adapter_concurrency_limit',
      'Calls that an adapter gets at once since it had too much; 0 while there is no limit',
      'adapter',
      'sum',
      MAX_ADAPTERS,
    )
    this.#trials = new Counter({
      name: 'atp_trials_total',
      help: 'Calls by which the gateway itself found out whether an upstream is back, by how they went',
      labelNames: ['adapter', 'result'],
      registers,
    })
  }

  tried(adapter: string, succeeded: boolean): void {
    this.#trials.labels(adapter, succeeded ? 'success' : 'failure').inc()
  }

  set(adapter: string, { circuit, inFlight, concurrencyLimit, arms }: AdapterFigures): void {
    this.#circuits.get(adapter).set(circuit === 'open' ? 1 : 0)
    this.#inFlight.get(adapter).set(inFlight)
    this.#limits.get(adapter).set(concurrencyLimit ?? 0)
    for (const arm in arms) this.#modelCircuits.get(arm).set(arms[arm]?.circuit === 'open' ? 1 : 0)
  }
}
