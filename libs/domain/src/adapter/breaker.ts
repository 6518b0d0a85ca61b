/**
 * A circuit breaker (Nygard, Release It!): an upstream that fails gets no traffic, then one probe, then its traffic back.
 * Invariant: a report on a call that began before the last change is stale and changes nothing. While open one more counts: the
 * success of any probe since it opened, so that an upstream whose answers outlast the lease of a probe is found to be back.
 * Times are milliseconds of one monotonic clock, given by the caller: no timer, so that every run can be replayed.
 */
import { AtpError } from '@atp/core/errors'
import type { Random } from '@atp/core/random'
import { RollingCounts } from './rolling-counts.ts'

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
  /** Opens the circuit also where failures and successes take turns; by default only failures in a row do. */
  readonly failureRate?: FailureRate
  /** Share by which each cooldown is shortened or lengthened at random, so that replicas do not probe together; by default 0. */
  readonly jitter?: number
}

export interface FailureRate {
  /** Of the window's calls, from 0 to 1. */
  readonly share: number
  /** Fewer calls say nothing. */
  readonly fewestCalls: number
  readonly windowMs: number
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
  readonly #random: Pick<Random, 'uint32'> | null
  readonly #rate: RollingCounts<'calls' | 'failures'> | null
  #period: Permit = 1
  /** Calls with this permit or an earlier one began before the circuit last opened. */
  #openedIn: Permit = 0
  #failures = 0
  #cooldownMs: number
  /** Null while closed. */
  #openUntil: number | null = null
  #probeUntil = Number.NEGATIVE_INFINITY

  /** @param random without it there is no jitter */
  constructor(options: BreakerOptions = BREAKER_DEFAULTS, random: Pick<Random, 'uint32'> | null = null) {
    const { failureRate, jitter = 0, ...figures } = options
    const { share = 1, ...rate } = failureRate ?? {}
    for (const [field, value] of Object.entries({ ...figures, ...rate, share })) {
      if (!(value > 0)) throw illegal(field, value, 'a number above 0')
    }
    if (share > 1) throw illegal('share', share, 'a number up to 1')
    if (!(jitter >= 0 && jitter < 1)) throw illegal('jitter', jitter, 'a number from 0 to below 1')
    this.#options = options
    this.#random = random
    this.#rate =
      failureRate === undefined ? null : new RollingCounts(failureRate.windowMs, ['calls', 'failures'])
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
  onSuccess(permit: Permit, now: number): void {
    if (this.#openUntil === null) {
      if (permit !== this.#period) return
      this.#failures = 0
      this.#rate?.add('calls', now)
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
      this.#rate?.add('calls', now)
      this.#rate?.add('failures', now)
      if (this.#failures >= this.#options.failureThreshold || this.#failsTooOften()) this.#cool(now)
    } else {
      this.#cooldownMs = Math.min(2 * this.#cooldownMs, this.#options.maxCooldownMs)
      this.#cool(now)
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

  #failsTooOften(): boolean {
    const { failureRate } = this.#options
    if (failureRate === undefined || this.#rate === null) return false
    const calls = this.#rate.sum('calls')
    return calls >= failureRate.fewestCalls && this.#rate.sum('failures') / calls >= failureRate.share
  }

  #cool(now: number): void {
    const { jitter = 0 } = this.#options
    const swing = this.#random === null ? 0 : jitter * (2 * (this.#random.uint32() / 2 ** 32) - 1)
    this.#open(now + this.#cooldownMs * (1 + swing))
  }

  #open(until: number): void {
    this.#openUntil = until
    this.#failures = 0
    this.#rate?.clear()
    this.#endProbe()
    this.#openedIn = this.#period
  }

  #endProbe(): void {
    this.#probeUntil = Number.NEGATIVE_INFINITY
    this.#period += 1
  }
}

function illegal(field: string, found: unknown, allowed: string): AtpError {
  return new AtpError('invalid_argument', {
    detail: 'the breaker cannot work with these options',
    problems: [{ field, found: String(found), allowed }],
  })
}
