/** How long each model's answers get at the most, nearly: what is reserved for one before it is written. */
import type { ArmId } from '@atp/core/ids'
import type { LatencySketch, NativeModule } from '@atp/native'

const QUANTILE = 0.95
/** Before so many answers were seen, a multiple of the mean stands for the quantile: three times, as of exponential lengths. */
const ENOUGH = 20
const MULTIPLE = 3

export class OutputLengths {
  readonly #native: Pick<NativeModule, 'createLatencySketch'>
  readonly #halfLifeMs: number
  /** A sketch of quantiles of whatever is positive. */
  readonly #sketches = new Map<ArmId, LatencySketch>()

  /** @param halfLifeMs milliseconds after which an answer counts half; Infinity never forgets */
  constructor(native: Pick<NativeModule, 'createLatencySketch'>, halfLifeMs: number) {
    this.#native = native
    this.#halfLifeMs = halfLifeMs
  }

  record(arm: ArmId, tokens: number, now: number): void {
    let sketch = this.#sketches.get(arm)
    if (sketch === undefined) {
      sketch = this.#native.createLatencySketch(this.#halfLifeMs)
      this.#sketches.set(arm, sketch)
    }
    sketch.record(tokens, now)
  }

  /** The 95th percentile in tokens, as expected at `now`. @param mean what its answers are expected to have on average */
  p95(arm: ArmId, mean: number, now: number): number {
    const sketch = this.#sketches.get(arm)
    if (sketch === undefined || sketch.count(now) < ENOUGH) return Math.ceil(MULTIPLE * mean)
    return Math.ceil(Math.max(sketch.quantile(QUANTILE), mean))
  }
}
