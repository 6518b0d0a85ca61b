/**
 * The time limits of one call, on one timer. It is set for the shortest limit there is, so that it never fires too late; when it
 * fires and nothing is due, it is set again. So a byte that arrives costs a reading of the clock and no timer.
 */
import type { Clock } from '@atp/core/clock'
import { type Milliseconds, milliseconds } from '@atp/core/units'

export interface TimeLimits {
  /** Until the first content of a stream. */
  readonly firstToken: Milliseconds
  /** Between two reads of a stream after that, while we are reading. */
  readonly idle: Milliseconds
  readonly total: Milliseconds
}

export type TimeoutPhase = 'total' | 'first_token' | 'idle'

export interface DeadlineListener {
  expired(phase: TimeoutPhase): void
}

/** Node fires at once where a delay is longer. */
const LONGEST_DELAY = 2 ** 31 - 1
const LINGER = milliseconds(1000)

export class Deadlines {
  readonly #limits: TimeLimits
  readonly #clock: Clock
  readonly #listener: DeadlineListener
  readonly #startedAt: Milliseconds
  #phase: 'first_token' | 'idle' = 'first_token'
  #since: Milliseconds
  #idle: Milliseconds
  #suspended = false
  #timer: NodeJS.Timeout

  /** Starts counting. */
  constructor(limits: TimeLimits, clock: Clock, listener: DeadlineListener) {
    this.#limits = limits
    this.#clock = clock
    this.#listener = listener
    this.#startedAt = this.#since = clock.monotonic()
    this.#idle = limits.idle
    this.#timer = this.#timerIn(Math.min(limits.firstToken, limits.idle, limits.total))
  }

  /** The first token is there: from now on the wait between reads counts. */
  firstToken(): void {
    this.#phase = 'idle'
    this.progress()
  }

  /** Something arrived. */
  progress(): void {
    if (this.#phase === 'idle') this.#since = this.#clock.monotonic()
  }

  /** We stopped reading: silence is not the upstream's fault. The total still counts. */
  suspend(): void {
    this.#suspended = true
  }

  resume(): void {
    this.#suspended = false
    this.progress()
  }

  /** All has been said: the upstream has a moment to end in good order. */
  linger(): void {
    if (this.#idle <= LINGER) return
    this.#idle = LINGER
    this.progress()
    clearTimeout(this.#timer)
    this.#timer = this.#timerIn(LINGER)
  }

  stop(): void {
    clearTimeout(this.#timer)
  }

  #timerIn(delay: number): NodeJS.Timeout {
    return setTimeout(check, Math.min(delay, LONGEST_DELAY), this)
  }

  /** Called by the timer. */
  check(): void {
    const now = this.#clock.monotonic()
    const totalLeft = this.#startedAt + this.#limits.total - now
    const phaseLeft = this.#suspended ? this.#idle : this.#since + this.#phaseLimit() - now
    if (totalLeft <= 0) this.#listener.expired('total')
    else if (phaseLeft <= 0) this.#listener.expired(this.#phase)
    else this.#timer = this.#timerIn(Math.min(totalLeft, phaseLeft, this.#idle))
  }

  #phaseLimit(): Milliseconds {
    return this.#phase === 'idle' ? this.#idle : this.#limits.firstToken
  }
}

function check(deadlines: Deadlines): void {
  deadlines.check()
}
