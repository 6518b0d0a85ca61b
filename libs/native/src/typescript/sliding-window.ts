/**
 * A sliding window in constant memory. Amounts are counted in sub-buckets 1/64 of the window wide; a sub-bucket counts
 * until its last microsecond has left the window, so that the count never falls short of the exact one. The Rust twin is
 * `atp_math::sliding_window`.
 */
import type { SlidingWindow } from '../types.ts'
import { checkInteger } from './checks.ts'

const SUB_BUCKETS = 64
/** W microseconds touch at most 65 sub-buckets of floor(W / 64) + 1. */
const RING = SUB_BUCKETS + 1
/** Up to here a quotient of integers rounds down exactly. */
const TIME_MAX = 2 ** 52
const WINDOW_MAX = 2 ** 51
const COUNT_MAX = Number.MAX_SAFE_INTEGER

export class TypeScriptSlidingWindow implements SlidingWindow {
  readonly #windowUs: number
  readonly #widthUs: number
  readonly #counts = new Float64Array(RING)
  #total = 0
  /** The first and the last sub-bucket that may hold something. */
  #oldest = 0
  #current = 0

  constructor(windowUs: number) {
    checkInteger('windowUs', windowUs, 1, WINDOW_MAX)
    this.#windowUs = windowUs
    this.#widthUs = subBucketWidth(windowUs)
  }

  count(nowUs: number): number {
    checkTime('nowUs', nowUs)
    return this.#heldFrom(this.#firstKept(nowUs))
  }

  waitUs(nowUs: number, amount: number, limit: number): number {
    checkTime('nowUs', nowUs)
    checkAmount('amount', amount)
    checkAmount('limit', limit)
    if (amount > limit) return Number.POSITIVE_INFINITY
    let bucket = this.#firstKept(nowUs)
    let held = this.#heldFrom(bucket)
    // Not `held + amount > limit`: that sum may exceed what a double holds exactly.
    if (held <= limit - amount) return 0
    for (; held > limit - amount; bucket += 1) held -= this.#counts[bucket % RING] as number
    return bucket * this.#widthUs - 1 + this.#windowUs - nowUs
  }

  add(nowUs: number, amount: number): number {
    checkTime('nowUs', nowUs)
    checkAmount('amount', amount)
    this.#advance(nowUs)
    this.#change(this.#current, Math.min(amount, COUNT_MAX - this.#total))
    return this.#total
  }

  takeBack(atUs: number, amount: number): void {
    checkTime('atUs', atUs)
    checkAmount('amount', amount)
    const bucket = Math.floor(atUs / this.#widthUs)
    if (bucket < this.#oldest || bucket > this.#current) return
    this.#change(bucket, -Math.min(amount, this.#counts[bucket % RING] as number))
  }

  idleUs(): number {
    return (this.#current + 1) * this.#widthUs - 1 + this.#windowUs
  }

  #change(bucket: number, amount: number): void {
    this.#counts[bucket % RING] = (this.#counts[bucket % RING] as number) + amount
    this.#total += amount
  }

  /** Empties the sub-buckets that left the window. */
  #advance(nowUs: number): void {
    const first = this.#firstKept(nowUs)
    if (first > this.#current) {
      this.#counts.fill(0)
      this.#total = 0
    } else {
      for (let bucket = this.#oldest; bucket < first; bucket += 1) {
        this.#total -= this.#counts[bucket % RING] as number
        this.#counts[bucket % RING] = 0
      }
    }
    this.#oldest = first
    this.#current = Math.max(this.#current, Math.floor(nowUs / this.#widthUs))
  }

  /** What the sub-buckets from this one on hold. */
  #heldFrom(first: number): number {
    if (first > this.#current) return 0
    let held = this.#total
    for (let bucket = this.#oldest; bucket < first; bucket += 1) held -= this.#counts[bucket % RING] as number
    return held
  }

  /** The first sub-bucket k with something still inside: (k + 1) * width - 1 > now - W. */
  #firstKept(nowUs: number): number {
    const left = nowUs - this.#windowUs
    return left < 0 ? this.#oldest : Math.max(this.#oldest, Math.floor((left + 1) / this.#widthUs))
  }
}

/** floor(W / 64) + 1 microseconds: an amount is held for less than W(1 + 1/64). */
export function subBucketWidth(windowUs: number): number {
  return Math.floor(windowUs / SUB_BUCKETS) + 1
}

function checkTime(name: string, us: number): void {
  checkInteger(name, us, 0, TIME_MAX - 1)
}

function checkAmount(name: string, amount: number): void {
  checkInteger(name, amount, 0, COUNT_MAX)
}
