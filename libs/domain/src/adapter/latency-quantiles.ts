/** Median and P95 of recent latencies. Recording is cheap; the walk over the sketch is made when somebody asks, and not each time. */
import type { LatencySketch } from '@atp/native'

/** New values, or milliseconds with any new value at all, after which the figures are computed again. */
const REFRESH_RECORDS = 64
const REFRESH_MS = 1_000

export class LatencyQuantiles {
  readonly #sketch: LatencySketch
  #unseen = 0
  #records = 0
  #refreshedAt = Number.NEGATIVE_INFINITY
  #p50: number | null = null
  #p95: number | null = null

  constructor(sketch: LatencySketch) {
    this.#sketch = sketch
  }

  record(latencyMs: number, now: number): void {
    this.#sketch.record(latencyMs, now)
    this.#unseen += 1
    this.#records += 1
  }

  /** Milliseconds; null before the first value. */
  p50(now: number): number | null {
    this.#refresh(now)
    return this.#p50
  }

  /** Milliseconds; null before the first value. */
  p95(now: number): number | null {
    this.#refresh(now)
    return this.#p95
  }

  /** The same, once there were so many values. */
  p95Of(fewest: number, now: number): number | null {
    return this.#records < fewest ? null : this.p95(now)
  }

  #refresh(now: number): void {
    if (this.#unseen === 0) return
    if (this.#unseen < REFRESH_RECORDS && now - this.#refreshedAt < REFRESH_MS) return
    this.#p50 = this.#sketch.quantile(0.5)
    this.#p95 = this.#sketch.quantile(0.95)
    this.#unseen = 0
    this.#refreshedAt = now
  }
}
