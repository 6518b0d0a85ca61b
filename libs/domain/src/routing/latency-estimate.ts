/**
 * What an arm's answers take: quantiles of a decayed sketch, blended with what is believed of the arm before it was called.
 * A prior counts as a few calls: it speaks for an arm that was never tried, and again for one whose evidence has faded.
 * Blended as logarithms, because latencies differ by factors: one slow call moves the estimate, and does not become it.
 */
import type { LatencySketch } from '@atp/native'

/** Calls that the configured latency counts for. */
const PRIOR_STRENGTH = 3
/** A walk over the sketch for each call is too dear: quantiles are taken anew after this many calls, and more often at first. */
const REFRESH_EVERY = 16
/** Where a sketch's snapshot says when its latest value came. */
const LATEST_AT = 1

export class LatencyEstimate {
  readonly #sketch: LatencySketch
  readonly #logPriorMs: number
  readonly #halfLifeMs: number
  #sinceRefresh = 0
  #logP50 = 0
  #logP95 = 0
  /** Calls, each counting as much as is left of it at `#countedAt`. */
  #count = 0
  #countedAt = 0

  /**
   * @param sketch with the same half-life
   * @param priorMs milliseconds, above 0
   */
  constructor(sketch: LatencySketch, priorMs: number, halfLifeMs: number) {
    this.#sketch = sketch
    this.#logPriorMs = Math.log(priorMs)
    this.#halfLifeMs = halfLifeMs
  }

  record(latencyMs: number, now: number): void {
    this.#sketch.record(latencyMs, now)
    this.#count = this.#countAt(now) + 1
    this.#countedAt = Math.max(this.#countedAt, now)
    this.#sinceRefresh += 1
    if (this.#sinceRefresh >= Math.min(REFRESH_EVERY, this.#count / 4)) this.#refresh()
  }

  /** Median in milliseconds, as expected at `now`. */
  p50(now: number): number {
    return this.#blend(this.#logP50, now)
  }

  /** 95th percentile in milliseconds, as expected at `now`. */
  p95(now: number): number {
    return this.#blend(this.#logP95, now)
  }

  snapshot(): Float64Array {
    return this.#sketch.snapshot()
  }

  /** @throws {RangeError} on a snapshot of another version or with illegal figures */
  restore(snapshot: Float64Array): void {
    this.#sketch.restore(snapshot)
    this.#countedAt = snapshot[LATEST_AT] as number
    this.#count = this.#sketch.count(this.#countedAt)
    this.#refresh()
  }

  #blend(logQuantile: number, now: number): number {
    const count = this.#countAt(now)
    return Math.exp((count * logQuantile + PRIOR_STRENGTH * this.#logPriorMs) / (count + PRIOR_STRENGTH))
  }

  #countAt(now: number): number {
    return now > this.#countedAt
      ? this.#count * 2 ** ((this.#countedAt - now) / this.#halfLifeMs)
      : this.#count
  }

  #refresh(): void {
    this.#sinceRefresh = 0
    if (this.#count === 0) return
    this.#logP50 = Math.log(this.#sketch.quantile(0.5))
    this.#logP95 = Math.log(this.#sketch.quantile(0.95))
  }
}
