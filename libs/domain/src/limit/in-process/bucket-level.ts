/** A token bucket in integers: it holds what was counted, each `unit` high, and `rate` runs out a microsecond. */
import type { BucketScale } from '../limit.ts'
import type { PreparedLimit } from '../prepared.ts'
import type { Level, Moment, Settling } from './level.ts'

export class BucketLevel implements Level {
  #scale: BucketScale
  #height = 0
  #asOf = 0
  #reserved = 0

  constructor(scale: BucketScale) {
    this.#scale = scale
  }

  counted({ nowUs }: Moment): number {
    return Math.ceil(this.#heightAt(nowUs) / this.#scale.unit)
  }

  reserved(moment: Moment): number {
    return Math.min(this.#reserved, this.counted(moment))
  }

  fits(amount: number, prepared: PreparedLimit, { nowUs }: Moment): boolean {
    const { unit, capacity } = this.#adopt(prepared)
    return amount === 0 || amount * unit <= capacity - this.#heightAt(nowUs)
  }

  retryUs(amount: number, prepared: PreparedLimit, { nowUs }: Moment): number {
    const { unit, rate, capacity } = this.#adopt(prepared)
    if (amount * unit > capacity) return Number.POSITIVE_INFINITY
    return Math.ceil((amount * unit + this.#heightAt(nowUs) - capacity) / rate)
  }

  resetUs({ nowUs }: Moment): number {
    return Math.ceil(this.#heightAt(nowUs) / this.#scale.rate)
  }

  add(amount: number, reserve: boolean, prepared: PreparedLimit, { nowUs }: Moment): void {
    this.#adopt(prepared)
    this.#pour(amount, nowUs)
    if (reserve) this.#reserved += amount
  }

  unreserve(amount: number): void {
    this.#reserved -= amount
  }

  correct({ estimate, spent, nowUs }: Settling): void {
    if (spent > estimate) this.#pour(spent - estimate, nowUs)
  }

  idleUs(): number {
    return this.#asOf + Math.ceil(this.#height / this.#scale.rate)
  }

  #pour(amount: number, nowUs: number): void {
    this.#height = this.#heightAt(nowUs) + amount * this.#scale.unit
    this.#asOf = nowUs
  }

  #heightAt(nowUs: number): number {
    // Beyond 2^53 the product is rounded, but then it is more than any height.
    return Math.max(0, this.#height - (nowUs - this.#asOf) * this.#scale.rate)
  }

  /** A changed rate is counted in other units; what is in the bucket stays, rounded up. */
  #adopt({ scale }: PreparedLimit): BucketScale {
    const next = scale as BucketScale
    if (next.unit !== this.#scale.unit)
      this.#height = Math.ceil((this.#height / this.#scale.unit) * next.unit)
    this.#scale = next
    return next
  }
}
