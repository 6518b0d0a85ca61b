/** The addon's sliding window behind the interface. */
import { checkNumber } from '../argument-types.ts'
import type { SlidingWindow } from '../types.ts'
import type { Addon, Handle } from './addon.ts'

export class RustSlidingWindow implements SlidingWindow {
  readonly #addon: Addon
  readonly #handle: Handle<'window'>

  constructor(addon: Addon, windowUs: number) {
    checkNumber('windowUs', windowUs)
    this.#addon = addon
    this.#handle = addon.createWindow(windowUs)
  }

  count(nowUs: number): number {
    checkNumber('nowUs', nowUs)
    return this.#addon.windowCount(this.#handle, nowUs)
  }

  waitUs(nowUs: number, amount: number, limit: number): number {
    checkNumber('nowUs', nowUs)
    checkNumber('amount', amount)
    checkNumber('limit', limit)
    return this.#addon.windowWaitUs(this.#handle, nowUs, amount, limit)
  }

  add(nowUs: number, amount: number): number {
    checkNumber('nowUs', nowUs)
    checkNumber('amount', amount)
    return this.#addon.windowAdd(this.#handle, nowUs, amount)
  }

  takeBack(atUs: number, amount: number): void {
    checkNumber('atUs', atUs)
    checkNumber('amount', amount)
    this.#addon.windowTakeBack(this.#handle, atUs, amount)
  }

  idleUs(): number {
    return this.#addon.windowIdleUs(this.#handle)
  }
}
