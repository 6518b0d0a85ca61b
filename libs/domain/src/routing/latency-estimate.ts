/** What an arm's answers take: quantiles of a decayed sketch, recomputed now and then because a walk per request is too dear. */
import type { LatencySketch } from '@atp/native'

const REFRESH_EVERY = 16

export class LatencyEstimate {
  readonly #sketch: LatencySketch
  readonly #priorMs: number
  #sinceRefresh = 0
  #p50: number
  #p95: number | null = null

  constructor(sketch: LatencySketch, priorMs: number) {
    this.#sketch = sketch
    this.#priorMs = priorMs
    this.#p50 = priorMs
  }

  record(latencyMs: number, now: number): void {
    this.#sketch.record(latencyMs, now)
    this.#sinceRefresh += 1
    if (this.#p95 === null || this.#sinceRefresh >= REFRESH_EVERY) this.#refresh()
  }

  /** Median in milliseconds; the prior before the first call. */
  get p50(): number {
    return this.#p50
  }

  /** Null before the first call: nothing is known. */
  get p95(): number | null {
    return this.#p95
  }

  snapshot(): Float64Array {
    return this.#sketch.snapshot()
  }

  /** @throws {RangeError} on a snapshot of another version or with illegal figures */
  restore(snapshot: Float64Array): void {
    this.#sketch.restore(snapshot)
    this.#refresh()
  }

  #refresh(): void {
    const median = this.#sketch.quantile(0.5)
    const known = !Number.isNaN(median)
    this.#p50 = known ? median : this.#priorMs
    this.#p95 = known ? this.#sketch.quantile(0.95) : null
    this.#sinceRefresh = 0
  }
}
