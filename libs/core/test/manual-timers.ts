/** A clock with timers that a test winds forward: what is due fires in its order, and what follows from it has its turn. */
import { ManualClock } from '../src/clock.ts'
import type { Timers } from '../src/timers.ts'

interface Pending {
  readonly at: number
  readonly callback: () => void
}

export class ManualTimers extends ManualClock implements Timers {
  readonly #pending = new Set<Pending>()

  after(ms: number, callback: () => void): () => void {
    const pending = { at: this.monotonic() + ms, callback }
    this.#pending.add(pending)
    return () => this.#pending.delete(pending)
  }

  /** Timers that wait. */
  get size(): number {
    return this.#pending.size
  }

  /** Lets so many milliseconds pass. */
  async pass(ms: number): Promise<void> {
    const end = this.monotonic() + ms
    await settled()
    for (let next = this.#nextUntil(end); next !== undefined; next = this.#nextUntil(end)) {
      this.advance(Math.max(0, next.at - this.monotonic()))
      this.#pending.delete(next)
      next.callback()
      await settled()
    }
    this.advance(end - this.monotonic())
  }

  #nextUntil(end: number): Pending | undefined {
    const due = [...this.#pending].filter(({ at }) => at <= end)
    return due.sort((one, other) => one.at - other.at)[0]
  }
}

/** Resolves when all promises that can settle without time have settled. */
export function settled(): Promise<void> {
  return new Promise(resolve => setImmediate(resolve))
}
