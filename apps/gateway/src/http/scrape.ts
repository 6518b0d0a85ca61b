/** What is read when Prometheus asks, not counted as it happens: the queue, the circuits, what was learned. */
import type { AdapterRegistry } from '@atp/domain/adapter'
import type { ObservationService } from '@atp/domain/observation'
import type { LearnedState } from '@atp/domain/routing'
import type { Metrics } from '@atp/infrastructure/telemetry'

export interface ScrapeOptions {
  readonly metrics: Metrics
  readonly registry: AdapterRegistry
  readonly observations: Pick<ObservationService, 'pending'>
  readonly learned: Pick<LearnedState, 'version'>
}

export class Scrape {
  readonly #options: ScrapeOptions
  #learnedAt = 0

  constructor(options: ScrapeOptions) {
    this.#options = options
  }

  get contentType(): string {
    return this.#options.metrics.contentType
  }

  render(): Promise<string> {
    const { metrics, registry, observations, learned } = this.#options
    metrics.observationQueue(observations.pending)
    for (const { id } of registry.adapters()) {
      metrics.circuit(id, registry.health(id)?.circuit !== 'closed')
    }
    metrics.learned(learned.version - this.#learnedAt)
    this.#learnedAt = learned.version
    return metrics.render()
  }
}
