/** The addon's latency sketch behind the interface. */
import { checkFloats, checkNumber } from '../argument-types.ts'
import type { LatencySketch } from '../types.ts'
import type { Addon, Handle } from './addon.ts'

export class RustLatencySketch implements LatencySketch {
  readonly #addon: Addon
  readonly #handle: Handle<'sketch'>

  constructor(addon: Addon, halfLifeMs: number) {
    checkNumber('halfLifeMs', halfLifeMs)
    this.#addon = addon
    this.#handle = addon.createSketch(halfLifeMs)
  }

  record(valueMs: number, now: number): void {
    checkNumber('valueMs', valueMs)
    checkNumber('now', now)
    this.#addon.sketchRecord(this.#handle, valueMs, now)
  }

  quantile(q: number): number {
    checkNumber('q', q)
    return this.#addon.sketchQuantile(this.#handle, q)
  }

  count(now: number): number {
    checkNumber('now', now)
    return this.#addon.sketchCount(this.#handle, now)
  }

  snapshot(): Float64Array {
    return this.#addon.sketchSnapshot(this.#handle)
  }

  restore(snapshot: Float64Array): void {
    checkFloats('snapshot', snapshot)
    this.#addon.sketchRestore(this.#handle, snapshot)
  }

  merge(snapshot: Float64Array): void {
    checkFloats('snapshot', snapshot)
    this.#addon.sketchMerge(this.#handle, snapshot)
  }
}
