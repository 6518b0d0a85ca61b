/**
 * A sliding window in constant memory. Events are counted in sub-buckets 1/64 of the window wide; a sub-bucket counts
 * until its last microsecond has left the window, so that the count never falls short of the exact one.
 */
import type { SlidingWindow } from '../types.ts'
import { checkInteger } from './checks.ts'

const SUB_BUCKETS = 64
/** W microseconds touch at most 65 sub-buckets of floor(W / 64) + 1. */
const RING = SUB_BUCKETS + 1
/** Up to here a quotient of integers rounds down exactly. */
const TIME_MAX = 2 ** 52
const WINDOW_MAX = 2 ** 51

export class TypeScriptSlidingWindow implements SlidingWindow {
  readonly #windowUs: number
  readonly #limit: number
  /** floor(W / 64) + 1: an event is held for less than W * (1 + 1/64). */
  readonly #widthUs: number
  readonly #counts = new Float64Array(RING)
  #total = 0
  #now = 0
  /** Sub-buckets before this one have left the window and are empty. */
  #oldest = 0

  constructor(windowUs: number, limit: number) {
    checkInteger('windowUs', windowUs, 1, WINDOW_MAX)
    checkInteger('limit', limit, 0, Number.MAX_SAFE_INTEGER)
    this.#windowUs = windowUs
    this.#limit = limit
    this.#widthUs = Math.floor(windowUs / SUB_BUCKETS) + 1
  }

  tryAcquire(nowUs: number, amount: number): boolean {
    checkTime(nowUs)
    checkAmount(amount)
    this.#advance(nowUs)
    // Not `total + amount <= limit`: that sum may exceed what a double holds exactly.
    if (amount > this.#limit - this.#total) return false
    const slot = Math.floor(this.#now / this.#widthUs) % RING
    this.#counts[slot] = (this.#counts[slot] as number) + amount
    this.#total += amount
    return true
  }

  used(nowUs: number): number {
    checkTime(nowUs)
    this.#advance(nowUs)
    return this.#total
  }

  retryAfterUs(nowUs: number, amount: number): number {
    checkTime(nowUs)
    checkAmount(amount)
    this.#advance(nowUs)
    if (amount > this.#limit) return Number.POSITIVE_INFINITY
    let free = this.#limit - this.#total
    if (amount <= free) return 0
    let bucket = this.#oldest
    for (; amount > free; bucket += 1) free += this.#counts[bucket % RING] as number
    return bucket * this.#widthUs - 1 + this.#windowUs - nowUs
  }

  /** Moves to the later of `nowUs` and the latest time seen, and empties the sub-buckets that left the window. */
  #advance(nowUs: number): void {
    if (nowUs <= this.#now) return
    this.#now = nowUs
    const oldest = this.#oldestAt(nowUs)
    if (oldest - this.#oldest >= RING) {
      this.#counts.fill(0)
      this.#total = 0
    } else {
      for (let bucket = this.#oldest; bucket < oldest; bucket += 1) {
        this.#total -= this.#counts[bucket % RING] as number
        this.#counts[bucket % RING] = 0
      }
    }
    this.#oldest = oldest
  }

  /** The first sub-bucket k with an event still inside: (k + 1) * width - 1 > now - W. */
  #oldestAt(nowUs: number): number {
    const left = nowUs - this.#windowUs
    return left < 0 ? 0 : Math.floor((left + 1) / this.#widthUs)
  }
}

function checkTime(nowUs: number): void {
  checkInteger('nowUs', nowUs, 0, TIME_MAX - 1)
}

function checkAmount(amount: number): void {
  checkInteger('amount', amount, 0, Number.MAX_SAFE_INTEGER)
}
