/** Counts over the last so many milliseconds: ten slots that move on, in constant memory. Times are of one monotonic clock. */

const SLOTS = 10

export class RollingCounts<Name extends string> {
  readonly #names: readonly Name[]
  readonly #slotMs: number
  /** A ring; the sums beside it are kept in step. */
  readonly #slots: readonly Record<Name, number>[]
  readonly #sums: Record<Name, number>
  /** The newest slot, counted from the clock's origin. */
  #newest = 0

  /** @param windowMs it ends with a slot that is being filled, so that it is up to a tenth shorter */
  constructor(windowMs: number, names: readonly Name[]) {
    this.#slotMs = windowMs / SLOTS
    this.#names = names
    this.#slots = Array.from({ length: SLOTS }, () => zeros(names))
    this.#sums = zeros(names)
  }

  /** As of the moment that was last told of. */
  sum(name: Name): number {
    return this.#sums[name]
  }

  add(name: Name, now: number): void {
    this.moveTo(now)
    this.#change(this.#newest, name, 1)
  }

  /** What was added at that moment was not to be; nothing happens where the window has left it behind. */
  takeBack(name: Name, at: number): void {
    const number = Math.floor(at / this.#slotMs)
    if (number > this.#newest - SLOTS) this.#change(number, name, -1)
  }

  /** Empties the slots that the window has left behind by now. */
  moveTo(now: number): void {
    const number = Math.floor(now / this.#slotMs)
    for (let gone = Math.max(this.#newest + 1, number - SLOTS + 1); gone <= number; gone += 1)
      this.#empty(gone)
    this.#newest = Math.max(this.#newest, number)
  }

  clear(): void {
    for (let number = 0; number < SLOTS; number += 1) this.#empty(number)
  }

  #change(number: number, name: Name, by: number): void {
    const slot = this.#slots[number % SLOTS] as Record<Name, number>
    slot[name] += by
    this.#sums[name] += by
  }

  #empty(number: number): void {
    const slot = this.#slots[number % SLOTS] as Record<Name, number>
    for (const name of this.#names) {
      this.#sums[name] -= slot[name]
      slot[name] = 0
    }
  }
}

function zeros<Name extends string>(names: readonly Name[]): Record<Name, number> {
  return Object.fromEntries(names.map(name => [name, 0])) as Record<Name, number>
}
