/**
 * An adapter at work: its health, its circuit, its models' and its calls in flight. Its provider is closed after the last of them.
 * A fault of the account opens the adapter's circuit; a fault of a model opens the model's, and the adapter's too where other models of it
 * fail likewise.
 */
import type { Clock } from '@atp/core/clock'
import type { ArmId } from '@atp/core/ids'
import type { Random } from '@atp/core/random'
import type { LatencySketch } from '@atp/native'
import type { Arm } from '../routing/arm.ts'
import type { Adapter } from './adapter.ts'
import { AdapterCall } from './adapter-call.ts'
import { type BreakerOptions, CircuitBreaker, type Permit } from './breaker.ts'
import { type Admission, ConcurrencyLimit, type ConcurrencyOptions } from './concurrency-limit.ts'
import { CallHealth, type CallResult, isFailure } from './health.ts'
import { RegisteredArm } from './registered-arm.ts'
import { Trial } from './trial.ts'

export interface AdapterEnvironment {
  readonly clock: Clock
  /** For the jitter of cooldowns; null: there is none. */
  readonly random: Pick<Random, 'uint32'> | null
  readonly createLatencySketch: (halfLifeMs: number) => LatencySketch
  readonly healthHalfLifeMs: number
  readonly breaker: BreakerOptions
  /** Null: calls are never too many. */
  readonly concurrency: ConcurrencyOptions | null
  /** Which circuits are closed by trials of our own, and not by a client's call. Accounts by the list of models, where the provider has one. */
  readonly trials: 'none' | 'accounts' | 'all'
}

/** Why no call of an arm would be let through now. */
export type Unavailable = 'circuit_open' | 'model_circuit_open' | 'at_capacity'

/** What a call has taken, to be given back when it ends. */
export interface Permits {
  readonly adapter: Permit
  readonly arm: Permit
  readonly room: Admission
}

export class RegisteredAdapter {
  readonly adapter: Adapter
  readonly health: CallHealth
  readonly breaker: CircuitBreaker
  readonly concurrency: ConcurrencyLimit | null
  readonly arms: ReadonlyMap<ArmId, RegisteredArm>
  readonly #clock: Clock
  readonly #trials: AdapterEnvironment['trials']
  /** Models that have failed since one of them last answered. */
  readonly #failing = new Set<ArmId>()
  #whenIdle: (() => void) | null = null

  constructor(adapter: Adapter, environment: AdapterEnvironment) {
    const { clock, random, createLatencySketch, healthHalfLifeMs, breaker, concurrency, trials } = environment
    this.adapter = adapter
    this.health = new CallHealth(createLatencySketch, healthHalfLifeMs)
    this.breaker = new CircuitBreaker(breaker, random)
    this.concurrency = concurrency === null ? null : new ConcurrencyLimit(concurrency)
    this.arms = new Map(adapter.arms.map(arm => [arm.id, new RegisteredArm(arm, environment)]))
    this.#clock = clock
    this.#trials = trials === 'accounts' && adapter.provider.listModels === undefined ? 'none' : trials
  }

  /** For planning; takes nothing. */
  whyNot(id: ArmId): Unavailable | null {
    const arm = this.arms.get(id) as RegisteredArm
    if (!isThrough(this.breaker, this.#clock, this.#trials === 'none')) return 'circuit_open'
    if (!isThrough(arm.breaker, this.#clock, this.#trials !== 'all')) return 'model_circuit_open'
    return this.concurrency?.hasRoom === false ? 'at_capacity' : null
  }

  /** @returns null where a circuit lets no call through, or there is no room for one */
  begin({ id }: Arm): AdapterCall | null {
    const arm = this.arms.get(id)
    if (arm === undefined || this.whyNot(id) !== null) return null
    const now = this.breaker.isClosed && arm.breaker.isClosed ? 0 : this.#clock.monotonic()
    const permits = {
      adapter: this.breaker.tryAcquire(now) as Permit,
      arm: arm.breaker.tryAcquire(now) as Permit,
      room: this.concurrency?.begin() as Admission,
    }
    this.health.begin()
    arm.health.begin()
    return new AdapterCall(this, arm, permits)
  }

  /** Takes what is to be tried now, each to be told how it went. */
  *trials(): Generator<Trial> {
    if (this.#trials === 'none') return
    const now = this.#clock.monotonic()
    const [first] = this.adapter.arms
    if (!this.breaker.isClosed) {
      const permit = this.breaker.tryAcquire(now)
      if (permit !== null) yield this.#trial(first as Arm, 'account', this.breaker, permit)
      return
    }
    if (this.#trials === 'accounts') return
    for (const { arm, breaker } of this.arms.values()) {
      const permit = breaker.isClosed ? null : breaker.tryAcquire(now)
      if (permit !== null) yield this.#trial(arm, 'model', breaker, permit)
    }
  }

  #trial(arm: Arm, of: 'account' | 'model', breaker: CircuitBreaker, permit: Permit): Trial {
    return new Trial(arm, of, this.adapter.provider, breaker, permit)
  }

  /** Called by the `AdapterCall`, once. */
  end(arm: RegisteredArm, permits: Permits, result: CallResult): void {
    const now = this.#clock.monotonic()
    this.health.end(result, now)
    arm.health.end(result, now)
    this.concurrency?.end(permits.room, loadOf(result))
    this.#tellCircuits(arm, permits, result, now)
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

  #tellCircuits(arm: RegisteredArm, permits: Permits, result: CallResult, now: number): void {
    const { outcome, retryAfter } = result
    if (outcome === 'success') {
      this.#failing.clear()
      this.breaker.onSuccess(permits.adapter, now)
      arm.breaker.onSuccess(permits.arm, now)
    } else if (isFailure(outcome)) {
      this.#failing.add(arm.arm.id)
      if (result.fault !== 'account') arm.breaker.onFailure(permits.arm, now)
      else arm.breaker.onNeutral(permits.arm)
      if (this.#isTheAccounts(result)) this.breaker.onFailure(permits.adapter, now)
      else this.breaker.onNeutral(permits.adapter)
    } else if (outcome === 'rate_limited') {
      this.breaker.onRateLimited(permits.adapter, now, retryAfter)
      arm.breaker.onNeutral(permits.arm)
    } else {
      this.breaker.onNeutral(permits.adapter)
      arm.breaker.onNeutral(permits.arm)
    }
  }

  /** While the adapter is on trial, any fault is one of it. */
  #isTheAccounts({ fault }: CallResult): boolean {
    return fault !== 'model' || this.#failing.size > 1 || !this.breaker.isClosed
  }
}

/** @param byTraffic a client's call may find out whether a circuit can be closed */
function isThrough(breaker: CircuitBreaker, clock: Clock, byTraffic: boolean): boolean {
  return breaker.isClosed || (byTraffic && breaker.isCandidate(clock.monotonic()))
}

function loadOf({ outcome, isOverload }: CallResult): 'answered' | 'overloaded' | 'neutral' {
  if (outcome === 'success') return 'answered'
  // Not a time-out: it may be anything, and one upstream that stands still opens its circuit soon enough.
  return outcome === 'rate_limited' || isOverload === true ? 'overloaded' : 'neutral'
}
