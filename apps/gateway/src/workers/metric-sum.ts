/**
 * The metrics of all workers as one sum that never falls: what a worker has counted stays when it has ended, and one that does not answer
 * in time counts as it did when it last answered, which `atp_workers_silent` says.
 */
import { addUp, type MetricFigures, type WorkerMetrics, withLasting } from '@atp/infrastructure/telemetry'

export interface Source {
  /** @throws {Error} where it does not answer in time */
  figures(): Promise<MetricFigures>
}

export class MetricSum {
  readonly #own: WorkerMetrics
  /** Of each that lives, as it said last. */
  readonly #latest = new Map<Source, MetricFigures>()
  #past: Promise<MetricFigures> = Promise.resolve([])

  constructor(own: WorkerMetrics) {
    this.#own = own
  }

  add(source: Source): void {
    this.#latest.set(source, [])
  }

  /** @param last what it had counted in the end; null where it could not say */
  ended(source: Source, last: MetricFigures | null): void {
    const known = last ?? this.#latest.get(source)
    // Only what was among the living becomes the past, once.
    if (this.#latest.delete(source) && known !== undefined)
      this.#past = this.#past.then(past => withLasting(past, known))
  }

  /** @returns Prometheus' text format */
  async render(): Promise<string> {
    const asked = await Promise.all([...this.#latest.keys()].map(source => this.#ask(source)))
    this.#own.silent(asked.filter(answered => !answered).length)
    const own = await this.#own.figures()
    return addUp([...(await this.#settled()), own])
  }

  /** Of one moment: who ends meanwhile is among the living or in the past, not in both, and not in neither. */
  async #settled(): Promise<MetricFigures[]> {
    let past: MetricFigures
    let told: Promise<MetricFigures>
    do {
      told = this.#past
      past = await told
    } while (told !== this.#past)
    return [...this.#latest.values(), past]
  }

  async #ask(source: Source): Promise<boolean> {
    try {
      const figures = await source.figures()
      if (this.#latest.has(source)) this.#latest.set(source, figures)
      return true
    } catch {
      return !this.#latest.has(source)
    }
  }
}
