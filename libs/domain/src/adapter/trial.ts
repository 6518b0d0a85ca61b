/** A call by which the gateway itself finds out whether an upstream is back. It says nothing of health: real calls do. */
import type { Arm } from '../routing/arm.ts'
import type { CircuitBreaker, Permit } from './breaker.ts'
import type { Provider } from './provider.ts'

export class Trial {
  /** What is tried: a model, or the account by one of its models. */
  readonly arm: Arm
  readonly of: 'account' | 'model'
  readonly provider: Provider
  readonly #breaker: CircuitBreaker
  readonly #permit: Permit

  constructor(
    arm: Arm,
    of: 'account' | 'model',
    provider: Provider,
    breaker: CircuitBreaker,
    permit: Permit,
  ) {
    this.arm = arm
    this.of = of
    this.provider = provider
    this.#breaker = breaker
    this.#permit = permit
  }

  /** @param now monotonic milliseconds */
  succeeded(now: number): void {
    this.#breaker.onSuccess(this.#permit, now)
  }

  failed(now: number): void {
    this.#breaker.onFailure(this.#permit, now)
  }

  /** It was given up: the next one decides. */
  abandoned(): void {
    this.#breaker.onNeutral(this.#permit)
  }
}
