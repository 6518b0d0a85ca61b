/** What is read when Prometheus asks, not counted as it happens: the queue, the circuits, what was learned. */
import type { AdapterRegistry } from '@atp/domain/adapter'
import type { ObservationService } from '@atp/domain/observation'
import type { LearnedState } from '@atp/domain/routing'
import type { Database } from '@atp/infrastructure/database'
import type { Metrics } from '@atp/infrastructure/telemetry'

export interface ScrapeOptions {
  readonly metrics: Metrics
  readonly registry: AdapterRegistry
  readonly observations: Pick<ObservationService, 'pending' | 'waiting'>
  readonly learned: Pick<LearnedState, 'observed' | 'contexts'>
  readonly database: Pick<Database, 'drainStatus' | 'figures'>
}

export class Scrape {
  readonly #options: ScrapeOptions
  #learnedAt: number

  constructor(options: ScrapeOptions) {
    this.#options = options
    // What a restart learned again has been counted before it.
    this.#learnedAt = options.learned.observed
  }

  get contentType(): string {
    return this.#options.metrics.contentType
  }

  render(): Promise<string> {
    const { metrics, registry, observations, learned, database } = this.#options
    metrics.observationQueue(observations.pending, observations.waiting)
    metrics.drainLag(database.drainStatus()?.lag ?? 0)
    const { bytes, dropped, deadLetters } = database.figures()
    metrics.journal(bytes, dropped, deadLetters)
    for (const { id } of registry.adapters()) {
      metrics.circuit(id, registry.health(id)?.circuit === 'open')
    }
    metrics.learned(learned.observed - this.#learnedAt)
    this.#learnedAt = learned.observed
    metrics.contexts(learned.contexts.counts)
    return metrics.render()
  }
}
