/**
 * The shared limiter while it answers; else each tenant's policy. A shared limiter that fails or is slow is left alone for a while,
 * so that no request waits for it, and is told what was admitted meanwhile before it decides again.
 */
import { AtpError } from '@atp/core/errors'
import { type BreakerOptions, CircuitBreaker, type Permit } from '../../adapter/breaker.ts'
import type { Admission, Counter, Epoch, Limiter, Settlement, Spend, Sweep, Verdict } from '../limiter.ts'
import { isAway } from './away.ts'
import { type AwayPolicy, checkLocal, Shares } from './away-policy.ts'
import { Backlog } from './backlog.ts'

export interface FailoverOptions {
  /** Answers in time, or fails with `limits_unavailable`. */
  readonly shared: Limiter
  /** In this process and not guarded: it counts the days' spending of the outage alone. */
  readonly local: Limiter
  readonly policyOf: (tenant: string) => AwayPolicy
  /** Replicas as known last, at least 1. */
  readonly replicas: () => number
  /** Milliseconds of a monotonic clock. */
  readonly now: () => number
  /** Ids that no other replica makes. */
  readonly newId: () => string
  readonly breaker?: BreakerOptions
}

/** For readiness and metrics. */
export interface FailoverState {
  /** `returning`: it answers again and is being told. */
  readonly decides: 'shared' | 'away' | 'returning'
  /** What it has not been told yet. */
  readonly backlog: number
}

export const FAILOVER_BREAKER: BreakerOptions = {
  failureThreshold: 3,
  cooldownMs: 500,
  maxCooldownMs: 5_000,
  maxRetryAfterMs: 5_000,
  probeLeaseMs: 30_000,
}

/** What a call to the shared limiter came to: nothing where it is away. */
type Attempt<T> = { readonly answer: T } | { readonly error: unknown }

export class FailoverLimiter implements Limiter {
  readonly #options: FailoverOptions
  readonly #breaker: CircuitBreaker
  readonly #backlog: Backlog
  readonly #shares = new Shares()
  #returning: Promise<void> | null = null
  /** The most that were known since the shared limiter went away: when it is just back, few have said that they live. */
  #replicas = 0

  constructor(options: FailoverOptions) {
    this.#options = options
    this.#breaker = new CircuitBreaker(options.breaker ?? FAILOVER_BREAKER)
    this.#backlog = new Backlog(options.newId)
  }

  state(): FailoverState {
    const backlog = this.#backlog.size
    if (this.#breaker.isClosed) return { decides: 'shared', backlog }
    return { decides: this.#returning === null ? 'away' : 'returning', backlog }
  }

  /** Asks whether the shared limiter is back, if it is time to: requests do so, too, and wait for nothing. */
  async probe(): Promise<void> {
    this.#comeBack()
    await this.#returning
  }

  async admit(admission: Admission): Promise<Verdict> {
    const attempt = await this.#ask(shared => shared.admit(admission))
    if (attempt !== null && 'answer' in attempt) {
      this.#replicas = 0
      return attempt.answer
    }
    const policy = this.#options.policyOf(admission.tenant)
    try {
      checkLocal(admission.limits, policy, attempt?.error)
    } catch (error) {
      if (attempt !== null) this.#backlog.refused(admission)
      throw error
    }
    this.#replicas = Math.max(this.#replicas, this.#options.replicas())
    const limits = admission.limits.map(limit => this.#shares.of(limit, this.#replicas))
    const verdict = await this.#options.local.admit({ ...admission, limits })
    if (verdict.kind === 'admitted') this.#backlog.admitted(admission, verdict.leased, attempt !== null)
    else if (attempt !== null) this.#backlog.refused(admission)
    return verdict
  }

  async settle(tenant: string, reservation: string, spent: Spend): Promise<Settlement> {
    if (this.#backlog.holds(tenant, reservation)) {
      this.#backlog.settled(tenant, reservation, spent)
      return this.#options.local.settle(tenant, reservation, spent)
    }
    const attempt = await this.#ask(shared => shared.settle(tenant, reservation, spent))
    if (attempt !== null && 'answer' in attempt) return attempt.answer
    this.#backlog.settledElsewhere(tenant, reservation, spent)
    return 'deferred'
  }

  release(tenant: string, reservation: string): Promise<Settlement> {
    return this.settle(tenant, reservation, { tokens: 0, cost: 0 })
  }

  /** While the shared limiter is away its leases are taken to live: what expires meanwhile is corrected when it is settled. */
  async renew(tenant: string, reservation: string, leaseMs: number): Promise<boolean> {
    if (this.#backlog.holds(tenant, reservation))
      return this.#options.local.renew(tenant, reservation, leaseMs)
    // Thousands that are due at one time are late together: that says little of the limiter, whom requests ask anyway.
    const attempt = await this.#ask(shared => shared.renew(tenant, reservation, leaseMs), 'neutral')
    return attempt === null || !('answer' in attempt) || attempt.answer
  }

  recount(admission: Admission): Promise<void> {
    return this.#only(shared => shared.recount(admission))
  }

  sweep(tenant: string): Promise<Sweep> {
    return this.#only(shared => shared.sweep(tenant))
  }

  async forget(tenant: string): Promise<number> {
    await this.#options.local.forget(tenant)
    return this.#only(shared => shared.forget(tenant))
  }

  epoch(tenant: string): Promise<Epoch | null> {
    return this.#only(shared => shared.epoch(tenant))
  }

  discard(tenant: string): Promise<void> {
    return this.#only(shared => shared.discard(tenant))
  }

  invalidate(tenant: string): Promise<void> {
    return this.#only(shared => shared.invalidate(tenant))
  }

  rebuild(tenant: string, counters: readonly Counter[]): Promise<boolean> {
    return this.#only(shared => shared.rebuild(tenant, counters))
  }

  async #only<T>(call: (shared: Limiter) => Promise<T>): Promise<T> {
    const attempt = await this.#ask(call)
    if (attempt !== null && 'answer' in attempt) return attempt.answer
    const detail = 'the limits that all replicas share are away'
    throw new AtpError('limits_unavailable', { detail, cause: attempt?.error })
  }

  /**
   * @param failure what one says of the shared limiter
   * @returns null where the shared limiter was not asked
   */
  async #ask<T>(
    call: (shared: Limiter) => Promise<T>,
    failure: 'counts' | 'neutral' = 'counts',
  ): Promise<Attempt<T> | null> {
    if (!this.#breaker.isClosed) {
      this.#comeBack()
      return null
    }
    const permit = this.#breaker.tryAcquire(this.#options.now()) as Permit
    try {
      const answer = await call(this.#options.shared)
      this.#breaker.onSuccess(permit, this.#options.now())
      if (this.#backlog.size > 0) this.#comeBack()
      return { answer }
    } catch (error) {
      if (!isAway(error)) throw error
      if (failure === 'counts') this.#breaker.onFailure(permit, this.#options.now())
      return { error }
    }
  }

  #comeBack(): void {
    if (this.#returning !== null) return
    const permit = this.#breaker.tryAcquire(this.#options.now())
    if (permit === null || (this.#breaker.isClosed && this.#backlog.size === 0)) return
    this.#returning = this.#tell(permit).finally(() => {
      this.#returning = null
    })
    // Requests don't wait for it; who probes hears of it.
    this.#returning.catch(() => undefined)
  }

  async #tell(permit: Permit): Promise<void> {
    try {
      await this.#options.shared.epoch(PROBE)
      await this.#backlog.tell(this.#options.shared)
      this.#breaker.onSuccess(permit, this.#options.now())
    } catch (error) {
      this.#breaker.onFailure(permit, this.#options.now())
      if (!isAway(error)) throw error
    }
  }
}

/** A tenant that is none: to ask for it says whether anyone answers. */
const PROBE = 'probe'
