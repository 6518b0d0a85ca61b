/** The addon's sliding window behind the interface. */
import type { SlidingWindow } from '../types.ts'
import type { Addon, Handle } from './addon.ts'

export class RustSlidingWindow implements SlidingWindow {
  readonly #addon: Addon
  readonly #handle: Handle<'window'>

  constructor(addon: Addon, windowUs: number, limit: number) {
    this.#addon = addon
    this.#handle = addon.createWindow(windowUs, limit)
  }

  tryAcquire(nowUs: number, amount: number): boolean {
    return this.#addon.windowTryAcquire(this.#handle, nowUs, amount)
  }

  used(nowUs: number): number {
    return this.#addon.windowUsed(this.#handle, nowUs)
  }

  retryAfterUs(nowUs: number, amount: number): number {
    return this.#addon.windowRetryAfterUs(this.#handle, nowUs, amount)
  }
}
