/** The addon's latency sketch behind the interface. */
import type { LatencySketch } from '../types.ts'
import type { Addon, Handle } from './addon.ts'

export class RustLatencySketch implements LatencySketch {
  readonly #addon: Addon
  readonly #handle: Handle<'sketch'>

  constructor(addon: Addon, halfLifeMs: number) {
    this.#addon = addon
    this.#handle = addon.createSketch(halfLifeMs)
  }

  record(valueMs: number, now: number): void {
    this.#addon.sketchRecord(this.#handle, valueMs, now)
  }

  quantile(q: number): number {
    return this.#addon.sketchQuantile(this.#handle, q)
  }

  count(now: number): number {
    return this.#addon.sketchCount(this.#handle, now)
  }

  snapshot(): Float64Array {
    return this.#addon.sketchSnapshot(this.#handle)
  }

  restore(snapshot: Float64Array): void {
    this.#addon.sketchRestore(this.#handle, snapshot)
  }

  merge(snapshot: Float64Array): void {
    this.#addon.sketchMerge(this.#handle, snapshot)
  }
}
