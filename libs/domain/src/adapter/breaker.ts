/**
 * A circuit breaker (Nygard, Release It!): an upstream that fails gets no traffic, then one probe, then its traffic back.
 * Invariant: a report on a call that began before the last change is stale and changes nothing. While open one more counts: the
 * success of any probe since it opened, so that an upstream whose answers outlast the lease of a probe is found to be back.
 * Times are milliseconds of one monotonic clock, given by the caller: no timer, so that every run can be replayed.
 */
import { AtpError } from '@atp/core/errors'

/** `half_open`: the cooldown is over and a probe decides. */
export type BreakerState = 'closed' | 'open' | 'half_open'

/** Names the period in which a call began; handed back with the report of how the call ended. */
export type Permit = number

export interface BreakerOptions {
  /** Failures in a row that open the circuit. */
  readonly failureThreshold: number
  /** Milliseconds that the circuit stays open; each failed probe doubles it, a success resets it. */
  readonly cooldownMs: number
  readonly maxCooldownMs: number
  /** An upstream that asks for more than this is probed sooner all the same. */
  readonly maxRetryAfterMs: number
  /** Milliseconds after which a probe that has not reported no longer keeps the next one away. */
  readonly probeLeaseMs: number
}

export const BREAKER_DEFAULTS: BreakerOptions = {
  failureThreshold: 5,
  cooldownMs: 1_000,
  maxCooldownMs: 30_000,
  maxRetryAfterMs: 600_000,
  probeLeaseMs: 30_000,
}

export class CircuitBreaker {
  readonly #options: BreakerOptions
  #period: Permit = 1
  /** Calls with this permit or an earlier one began before the circuit last opened. */
  #openedIn: Permit = 0
  #failures = 0
  #cooldownMs: number
  /** Null while closed. */
  #openUntil: number | null = null
  #probeUntil = Number.NEGATIVE_INFINITY

  constructor(options: BreakerOptions = BREAKER_DEFAULTS) {
    for (const [field, value] of Object.entries(options)) {
      if (value > 0) continue
      throw new AtpError('invalid_argument', {
        detail: 'the breaker cannot work with these options',
        problems: [{ field, found: String(value), allowed: 'a number above 0' }],
      })
    }
    this.#options = options
    this.#cooldownMs = options.cooldownMs
  }

  state(now: number): BreakerState {
    if (this.#openUntil === null) return 'closed'
    return now < this.#openUntil ? 'open' : 'half_open'
  }

  /** The cheap question, answered without a clock: true while nothing is wrong. */
  get isClosed(): boolean {
    return this.#openUntil === null
  }

  /** Whether a call would be let through; takes nothing. Half-open with a probe under way is no candidate. */
  isCandidate(now: number): boolean {
    return this.#openUntil === null || (now >= this.#openUntil && now >= this.#probeUntil)
  }

  /** Lets a call through, as the probe where the circuit is half-open. @returns null where the call must not be made */
  tryAcquire(now: number): Permit | null {
    if (this.#openUntil === null) return this.#period
    if (!this.isCandidate(now)) return null
    this.#probeUntil = now + this.#options.probeLeaseMs
    this.#period += 1
    return this.#period
  }

  /** The upstream answered. */
  onSuccess(permit: Permit): void {
    if (this.#openUntil === null) {
      if (permit === this.#period) this.#failures = 0
      return
    }
    if (permit <= this.#openedIn) return
    this.#failures = 0
    this.#openUntil = null
    this.#cooldownMs = this.#options.cooldownMs
    this.#endProbe()
  }

  /** The upstream failed: an error, a time-out, a stream that broke off. */
  onFailure(permit: Permit, now: number): void {
    if (permit !== this.#period) return
    if (this.#openUntil === null) {
      this.#failures += 1
      if (this.#failures >= this.#options.failureThreshold) this.#open(now + this.#cooldownMs)
    } else {
      this.#cooldownMs = Math.min(2 * this.#cooldownMs, this.#options.maxCooldownMs)
      this.#open(now + this.#cooldownMs)
    }
  }

  /** No failure: the circuit opens for as long as the upstream asked, and not at all where it asked for nothing. */
  onRateLimited(permit: Permit, now: number, retryAfterMs: number | undefined): void {
    if (permit !== this.#period) return
    if (retryAfterMs === undefined || !(retryAfterMs > 0)) this.onNeutral(permit)
    else this.#open(now + Math.min(retryAfterMs, this.#options.maxRetryAfterMs))
  }

  /** The call says nothing of the upstream: a client that left, a request that was wrong. The next call is the probe. */
  onNeutral(permit: Permit): void {
    if (permit === this.#period && this.#openUntil !== null) this.#endProbe()
  }

  #open(until: number): void {
    this.#openUntil = until
    this.#failures = 0
    this.#endProbe()
    this.#openedIn = this.#period
  }

  #endProbe(): void {
    this.#probeUntil = Number.NEGATIVE_INFINITY
    this.#period += 1
  }
}
