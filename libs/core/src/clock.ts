/** Time is injected: whoever needs it takes a `Clock`, so that every decision can be replayed. */
import { type EpochMs, epochMs, type Milliseconds, milliseconds } from './units.ts'

export interface Clock {
  /** Wall-clock time: for what is stored and compared between processes. */
  now(): EpochMs
  /** Milliseconds from an arbitrary origin; never goes back: for durations. */
  monotonic(): Milliseconds
}

export const systemClock: Clock = {
  now: () => epochMs(Date.now()),
  monotonic: () => milliseconds(performance.now()),
}

/** A clock that moves only when it is told to. */
export class ManualClock implements Clock {
  #now: number

  constructor(start = 1_700_000_000_000) {
    this.#now = start
  }

  now(): EpochMs {
    return epochMs(this.#now)
  }

  monotonic(): Milliseconds {
    return milliseconds(this.#now)
  }

  advance(by: number): void {
    this.#now += by
  }
}
