/** An adapter at work: its health, its breaker and its calls in flight. Its provider is closed after the last of them. */
import type { Clock } from '@atp/core/clock'
import type { ArmId } from '@atp/core/ids'
import type { LatencySketch } from '@atp/native'
import type { Arm } from '../routing/arm.ts'
import type { Adapter } from './adapter.ts'
import { type BreakerOptions, CircuitBreaker, type Permit } from './breaker.ts'
import { CallHealth, type CallResult, isFailure } from './health.ts'
import type { Provider } from './provider.ts'

export interface AdapterEnvironment {
  readonly clock: Clock
  readonly createLatencySketch: (halfLifeMs: number) => LatencySketch
  readonly healthHalfLifeMs: number
  readonly breaker: BreakerOptions
}

export class RegisteredAdapter {
  readonly adapter: Adapter
  readonly health: CallHealth
  readonly breaker: CircuitBreaker
  readonly #armHealth: ReadonlyMap<ArmId, CallHealth>
  readonly #clock: Clock
  #whenIdle: (() => void) | null = null

  constructor(adapter: Adapter, environment: AdapterEnvironment) {
    const { clock, createLatencySketch, healthHalfLifeMs, breaker } = environment
    this.adapter = adapter
    this.health = new CallHealth(createLatencySketch, healthHalfLifeMs)
    this.breaker = new CircuitBreaker(breaker)
    this.#armHealth = new Map(
      adapter.arms.map(arm => [arm.id, new CallHealth(createLatencySketch, healthHalfLifeMs)]),
    )
    this.#clock = clock
  }

  armHealth(arm: ArmId): CallHealth | undefined {
    return this.#armHealth.get(arm)
  }

  /** @returns null where the breaker lets no call through */
  begin(arm: Arm): AdapterCall | null {
    const health = this.#armHealth.get(arm.id)
    if (health === undefined) return null
    const permit = this.breaker.tryAcquire(this.breaker.isClosed ? 0 : this.#clock.monotonic())
    if (permit === null) return null
    this.health.begin()
    health.begin()
    return new AdapterCall(this, arm, health, permit)
  }

  /** Called by the `AdapterCall`, once. */
  end(health: CallHealth, permit: Permit, result: CallResult): void {
    const now = this.#clock.monotonic()
    this.health.end(result, now)
    health.end(result, now)
    if (result.outcome === 'success') this.breaker.onSuccess(permit)
    else if (isFailure(result.outcome)) this.breaker.onFailure(permit, now)
    else if (result.outcome === 'rate_limited') this.breaker.onRateLimited(permit, now, result.retryAfter)
    else this.breaker.onNeutral(permit)
    if (this.#whenIdle !== null && this.health.inFlight === 0) this.#whenIdle()
  }

  /** Resolves when the calls in flight have ended and the provider is closed. */
  async retire(): Promise<void> {
    if (this.health.inFlight > 0) {
      await new Promise<void>(resolve => {
        this.#whenIdle = resolve
      })
    }
    await this.adapter.provider.close()
  }
}

/** One call that the breaker has let through: exactly one `end` belongs to it. */
export class AdapterCall {
  readonly arm: Arm
  readonly #adapter: RegisteredAdapter
  readonly #health: CallHealth
  readonly #permit: Permit
  #ended = false

  constructor(adapter: RegisteredAdapter, arm: Arm, health: CallHealth, permit: Permit) {
    this.arm = arm
    this.#adapter = adapter
    this.#health = health
    this.#permit = permit
  }

  get provider(): Provider {
    return this.#adapter.adapter.provider
  }

  get hasEnded(): boolean {
    return this.#ended
  }

  /** Says how the call ended, to health and breaker. A second time says nothing. */
  end(result: CallResult): void {
    if (this.#ended) return
    this.#ended = true
    this.#adapter.end(this.#health, this.#permit, result)
  }
}
