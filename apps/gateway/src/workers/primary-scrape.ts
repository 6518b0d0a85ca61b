/** The metrics of all workers, as the primary adds them up: the same whichever worker is asked. */
import { AtpError } from '@atp/core/errors'
import { METRICS_CONTENT_TYPE } from '@atp/infrastructure/telemetry'
import type { Scraped } from '../http/scrape.ts'
import type { PrimaryCalls } from './messages.ts'
import type { Wire } from './wire.ts'

/** Longer than the primary waits for the slowest worker. */
const PATIENCE_MS = 3_000

export class PrimaryScrape implements Scraped {
  readonly contentType = METRICS_CONTENT_TYPE
  readonly #wire: Wire<PrimaryCalls>

  constructor(wire: Wire<PrimaryCalls>) {
    this.#wire = wire
  }

  /** @throws {AtpError} `overloaded` where the primary does not answer: the figures of one worker alone would be taken for a fall */
  async render(): Promise<string> {
    try {
      return await this.#wire.ask('scrape', null, PATIENCE_MS)
    } catch (cause) {
      throw new AtpError('overloaded', { detail: 'the metrics of all workers could not be added up', cause })
    }
  }
}
