/** The addon's sliding window behind the interface. */
import { checkNumber } from '../argument-types.ts'
import type { SlidingWindow } from '../types.ts'
import type { Addon, Handle } from './addon.ts'

export class RustSlidingWindow implements SlidingWindow {
  readonly #addon: Addon
  readonly #handle: Handle<'window'>

  constructor(addon: Addon, windowUs: number, limit: number) {
    checkNumber('windowUs', windowUs)
    checkNumber('limit', limit)
    this.#addon = addon
    this.#handle = addon.createWindow(windowUs, limit)
  }

  tryAcquire(nowUs: number, amount: number): boolean {
    checkNumber('nowUs', nowUs)
    checkNumber('amount', amount)
    return this.#addon.windowTryAcquire(this.#handle, nowUs, amount)
  }

  used(nowUs: number): number {
    checkNumber('nowUs', nowUs)
    return this.#addon.windowUsed(this.#handle, nowUs)
  }

  retryAfterUs(nowUs: number, amount: number): number {
    checkNumber('nowUs', nowUs)
    checkNumber('amount', amount)
    return this.#addon.windowRetryAfterUs(this.#handle, nowUs, amount)
  }
}
