/** How many of the calls of the last so many milliseconds failed: ten slots that move on, in constant memory. Times are of one monotonic clock. */

const SLOTS = 10

interface Slot {
  calls: number
  failures: number
}

export class RollingRate {
  readonly #slotMs: number
  /** A ring; the sums beside it are kept in step. */
  readonly #slots: readonly Slot[] = Array.from({ length: SLOTS }, () => ({ calls: 0, failures: 0 }))
  #newest = 0
  #calls = 0
  #failures = 0

  /** @param windowMs the window ends with a slot that is being filled, so that it is up to a tenth shorter */
  constructor(windowMs: number) {
    this.#slotMs = windowMs / SLOTS
  }

  get calls(): number {
    return this.#calls
  }

  /** From 0 to 1; 0 where nothing was called. */
  get share(): number {
    return this.#calls === 0 ? 0 : this.#failures / this.#calls
  }

  record(failed: boolean, now: number): void {
    const slot = this.#moveTo(now)
    slot.calls += 1
    this.#calls += 1
    if (!failed) return
    slot.failures += 1
    this.#failures += 1
  }

  clear(): void {
    for (const slot of this.#slots) this.#empty(slot)
  }

  #moveTo(now: number): Slot {
    const number = Math.floor(now / this.#slotMs)
    for (let gone = Math.max(this.#newest + 1, number - SLOTS + 1); gone <= number; gone += 1) {
      this.#empty(this.#slots[gone % SLOTS] as Slot)
    }
    this.#newest = Math.max(this.#newest, number)
    return this.#slots[this.#newest % SLOTS] as Slot
  }

  #empty(slot: Slot): void {
    this.#calls -= slot.calls
    this.#failures -= slot.failures
    slot.calls = 0
    slot.failures = 0
  }
}
