/** How many leases of a limit live now. When the next of them ends is the leases' own knowledge. */
import type { PreparedLimit } from '../prepared.ts'
import type { Level } from './level.ts'

export class LeaseLevel implements Level {
  readonly #expiryOf: (level: Level, nth: number) => number
  #live = 0

  /** @param expiryOf when the nth lease of a level to expire does so, in microseconds; infinity where there are fewer */
  constructor(expiryOf: (level: Level, nth: number) => number) {
    this.#expiryOf = expiryOf
  }

  counted(): number {
    return this.#live
  }

  reserved(): number {
    return this.#live
  }

  fits(amount: number, { limit }: PreparedLimit): boolean {
    return amount <= limit.amount - this.#live
  }

  retryUs(amount: number, { limit }: PreparedLimit, { nowUs }: { readonly nowUs: number }): number {
    if (amount > limit.amount) return Number.POSITIVE_INFINITY
    return this.#expiryOf(this, this.#live + amount - limit.amount) - nowUs
  }

  resetUs(): null {
    return null
  }

  add(): void {
    this.#live += 1
  }

  unreserve(): void {
    this.#live -= 1
  }

  correct(): void {}

  idleUs(): number {
    return this.#live > 0 ? Number.POSITIVE_INFINITY : 0
  }
}
