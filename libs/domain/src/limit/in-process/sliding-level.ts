/**
 * A sliding window in constant memory: sub-buckets 1/64 of the window wide, each of which counts until its last microsecond
 * has left the window. `SlidingWindow` of `@atp/native` counts alike; this one also reserves, and takes back.
 */
import type { PreparedLimit } from '../prepared.ts'
import type { Level, Moment, Settling } from './level.ts'

const SUB_BUCKETS = 64
/** W microseconds touch at most 65 sub-buckets of floor(W / 64) + 1. */
const RING = SUB_BUCKETS + 1

export class SlidingLevel implements Level {
  readonly #windowUs: number
  readonly #widthUs: number
  readonly #counts = new Float64Array(RING)
  #total = 0
  #reserved = 0
  /** The first and the last sub-bucket that may hold something. */
  #oldest = 0
  #current = 0

  constructor(windowUs: number) {
    this.#windowUs = windowUs
    this.#widthUs = subBucketWidth(windowUs)
  }

  counted({ nowUs }: Moment): number {
    return this.#total - this.#leftBefore(this.#firstKept(nowUs))
  }

  reserved(moment: Moment): number {
    return Math.min(this.#reserved, this.counted(moment))
  }

  fits(amount: number, { limit }: PreparedLimit, moment: Moment): boolean {
    return amount === 0 || amount <= limit.amount - this.counted(moment)
  }

  retryUs(amount: number, { limit }: PreparedLimit, { nowUs }: Moment): number {
    if (amount > limit.amount) return Number.POSITIVE_INFINITY
    let bucket = Math.max(this.#oldest, this.#firstKept(nowUs))
    let free = limit.amount - this.#total + this.#leftBefore(bucket)
    for (; amount > free; bucket += 1) free += this.#counts[bucket % RING] as number
    return bucket * this.#widthUs - 1 + this.#windowUs - nowUs
  }

  resetUs(moment: Moment): number {
    return this.counted(moment) === 0 ? 0 : this.idleUs() - moment.nowUs
  }

  add(amount: number, reserve: boolean, _limit: PreparedLimit, { nowUs }: Moment): void {
    this.#advance(nowUs)
    this.#count(this.#current, amount)
    if (reserve) this.#reserved += amount
  }

  unreserve(amount: number): void {
    this.#reserved -= amount
  }

  correct({ estimate, spent, admittedUs, nowUs }: Settling): void {
    if (spent > estimate) {
      this.#advance(nowUs)
      this.#count(this.#current, spent - estimate)
      return
    }
    const bucket = Math.floor(admittedUs / this.#widthUs)
    if (bucket >= this.#oldest) this.#count(bucket, spent - estimate)
  }

  idleUs(): number {
    return (this.#current + 1) * this.#widthUs - 1 + this.#windowUs
  }

  #count(bucket: number, amount: number): void {
    this.#counts[bucket % RING] = (this.#counts[bucket % RING] as number) + amount
    this.#total += amount
  }

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
    this.#oldest = Math.max(this.#oldest, first)
    this.#current = Math.max(this.#current, Math.floor(nowUs / this.#widthUs))
  }

  /** What the sub-buckets before this one hold. */
  #leftBefore(first: number): number {
    if (first > this.#current) return this.#total
    let left = 0
    for (let bucket = this.#oldest; bucket < first; bucket += 1) left += this.#counts[bucket % RING] as number
    return left
  }

  /** The first sub-bucket k with an event still inside: (k + 1) * width - 1 > now - W. */
  #firstKept(nowUs: number): number {
    const left = nowUs - this.#windowUs
    return left < 0 ? 0 : Math.floor((left + 1) / this.#widthUs)
  }
}

/** floor(W / 64) + 1 microseconds: an event is held for less than W(1 + 1/64). */
export function subBucketWidth(windowUs: number): number {
  return Math.floor(windowUs / SUB_BUCKETS) + 1
}
