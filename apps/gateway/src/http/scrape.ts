/** What is read when Prometheus asks, not counted as it happens: the queue, the circuits, what was learned. */
import type { AdapterHealth, AdapterRegistry } from '@atp/domain/adapter'
import type { ObservationService } from '@atp/domain/observation'
import type { LearnedState } from '@atp/domain/routing'
import type { Database } from '@atp/infrastructure/database'
import type { SecretStore } from '@atp/infrastructure/secrets'
import type { MetricFigures, Metrics } from '@atp/infrastructure/telemetry'

/** What Prometheus is told: of this process, or of several added up. */
export interface Scraped {
  /** Of what `render` returns. */
  readonly contentType: string
  render(): Promise<string>
}

export interface ScrapeOptions {
  readonly metrics: Metrics
  readonly registry: AdapterRegistry
  readonly observations: Pick<ObservationService, 'pending' | 'waiting'>
  readonly learned: Pick<LearnedState, 'observed' | 'contexts'>
  readonly database: Pick<Database, 'drainStatus' | 'figures'>
  readonly secrets: Pick<SecretStore, 'counts'>
}

export class Scrape implements Scraped {
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
    this.#refresh()
    return this.#options.metrics.render()
  }

  figures(): Promise<MetricFigures> {
    this.#refresh()
    return this.#options.metrics.figures()
  }

  #refresh(): void {
    const { metrics, registry, observations, learned, database, secrets } = this.#options
    metrics.observationQueue(observations.pending, observations.waiting)
    metrics.drainLag(database.drainStatus()?.lag ?? 0)
    const { bytes, dropped, deadLetters } = database.figures()
    metrics.journal(bytes, dropped, deadLetters)
    for (const { id } of registry.adapters()) {
      metrics.adapter(id, registry.health(id) as AdapterHealth)
    }
    metrics.learned(learned.observed - this.#learnedAt)
    this.#learnedAt = learned.observed
    metrics.contexts(learned.contexts.counts)
    metrics.secrets(secrets.counts())
  }
}
