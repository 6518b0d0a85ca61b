/** Which adapters there are, at this moment. Arrays keep their identity until something changes, so that readers may cache by it. */
import type { Clock } from '@atp/core/clock'
import { AtpError } from '@atp/core/errors'
import type { AdapterId, ArmId } from '@atp/core/ids'
import type { Random } from '@atp/core/random'
import type { NativeModule } from '@atp/native'
import type { Arm } from '../routing/arm.ts'
import { type Adapter, validateAdapter } from './adapter.ts'
import type { AdapterCall } from './adapter-call.ts'
import { BREAKER_DEFAULTS, type BreakerOptions, type BreakerState } from './breaker.ts'
import type { ConcurrencyOptions } from './concurrency-limit.ts'
import type { HealthSnapshot, Phase } from './health.ts'
import { type AdapterEnvironment, RegisteredAdapter, type Unavailable } from './registered-adapter.ts'
import type { Trial } from './trial.ts'

export interface AdapterRegistryOptions {
  readonly native: Pick<NativeModule, 'createLatencySketch'>
  readonly clock: Clock
  /** Milliseconds after which a call counts half in an adapter's health. */
  readonly healthHalfLifeMs?: number
  readonly breaker?: BreakerOptions
  /** For the jitter of cooldowns; without it there is none. */
  readonly random?: Pick<Random, 'uint32'>
  /** How few and how many calls an adapter may get at once, where it says that it has too much; by default nobody is held back. */
  readonly concurrency?: ConcurrencyOptions
  /** Which circuits wait for `trials` to close them; by default none: a client's call finds out. */
  readonly trials?: AdapterEnvironment['trials']
}

export interface ArmHealth extends HealthSnapshot {
  readonly circuit: BreakerState
}

/** An adapter's health with its circuit, how many calls it bears, and the health of each of its arms. */
export interface AdapterHealth extends ArmHealth {
  /** Null while there is no limit. */
  readonly concurrencyLimit: number | null
  readonly arms: Readonly<Record<string, ArmHealth>>
}

interface Route {
  readonly arm: Arm
  readonly registered: RegisteredAdapter
}

const FIVE_MINUTES = 300_000
const NO_ARMS: readonly Arm[] = []

export class AdapterRegistry {
  readonly #environment: AdapterEnvironment
  readonly #registered = new Map<AdapterId, RegisteredAdapter>()
  #adapters: readonly Adapter[] = []
  #arms: readonly Arm[] = NO_ARMS
  #routes: ReadonlyMap<string, Route> = new Map()
  #byName: ReadonlyMap<string, readonly Arm[]> = new Map()

  constructor(options: AdapterRegistryOptions) {
    this.#environment = {
      clock: options.clock,
      createLatencySketch: halfLifeMs => options.native.createLatencySketch(halfLifeMs),
      healthHalfLifeMs: options.healthHalfLifeMs ?? FIVE_MINUTES,
      breaker: options.breaker ?? BREAKER_DEFAULTS,
      random: options.random ?? null,
      concurrency: options.concurrency ?? null,
      trials: options.trials ?? 'none',
    }
  }

  /** @throws {AtpError} `duplicate_adapter`, `invalid_argument` */
  register(adapter: Adapter): void {
    validateAdapter(adapter)
    if (this.#registered.has(adapter.id)) {
      throw new AtpError('duplicate_adapter', { detail: `an adapter '${adapter.id}' is registered already` })
    }
    this.#registered.set(adapter.id, new RegisteredAdapter(adapter, this.#environment))
    this.#changed()
  }

  /**
   * Takes the adapter out of routing at once. Resolves when its calls in flight have ended and its provider is closed;
   * the id may be registered anew before that.
   * @returns false where there is no such adapter
   */
  async unregister(id: AdapterId): Promise<boolean> {
    const registered = this.#registered.get(id)
    if (registered === undefined) return false
    this.#registered.delete(id)
    this.#changed()
    await registered.retire()
    return true
  }

  adapters(): readonly Adapter[] {
    return this.#adapters
  }

  arms(): readonly Arm[] {
    return this.#arms
  }

  arm(id: string): Arm | undefined {
    return this.#routes.get(id)?.arm
  }

  /** The arm of this id, otherwise every arm whose model has this name; empty where nobody serves it. */
  resolve(model: string): readonly Arm[] {
    return this.#byName.get(model) ?? NO_ARMS
  }

  /** For planning: whether a call of this arm would be let through now. Takes nothing. */
  isCandidate(arm: ArmId): boolean {
    return this.#routes.has(arm) && this.whyNot(arm) === null
  }

  /** Why a call of this arm would not be let through now; null where it would. Takes nothing. */
  whyNot(arm: ArmId): Unavailable | null {
    const route = this.#routes.get(arm)
    return route === undefined ? 'circuit_open' : route.registered.whyNot(arm)
  }

  /** For execution: a call of this arm. @returns null where the adapter is gone, a circuit lets nothing through, or there is no room */
  begin(arm: ArmId): AdapterCall | null {
    const route = this.#routes.get(arm)
    return route === undefined ? null : route.registered.begin(route.arm)
  }

  /** What is to be tried now. Each is taken: it must be told how it went. */
  *trials(): Generator<Trial> {
    for (const registered of this.#registered.values()) yield* registered.trials()
  }

  /** Milliseconds in which 95% of an arm's calls come as far as that; null before so many did. */
  p95(arm: ArmId, phase: Phase, fewest: number): number | null {
    const health = this.#routes.get(arm)?.registered.arms.get(arm)?.health
    return health === undefined ? null : health.p95(phase, fewest, this.#environment.clock.monotonic())
  }

  health(id: AdapterId): AdapterHealth | undefined {
    const registered = this.#registered.get(id)
    if (registered === undefined) return undefined
    const now = this.#environment.clock.monotonic()
    const arms: Record<string, ArmHealth> = {}
    for (const [id, { health, breaker }] of registered.arms) {
      arms[id] = { ...health.snapshot(now), circuit: breaker.state(now) }
    }
    return {
      ...registered.health.snapshot(now),
      circuit: registered.breaker.state(now),
      concurrencyLimit: registered.concurrency?.limit ?? null,
      arms,
    }
  }

  #changed(): void {
    const routes = new Map<string, Route>()
    const byName = new Map<string, Arm[]>()
    for (const registered of this.#registered.values()) {
      for (const arm of registered.adapter.arms) {
        routes.set(arm.id, { arm, registered })
        const namesakes = byName.get(arm.model)
        if (namesakes === undefined) byName.set(arm.model, [arm])
        else namesakes.push(arm)
      }
    }
    const arms = Array.from(routes.values(), route => route.arm)
    for (const arm of arms) byName.set(arm.id, [arm])
    this.#adapters = Array.from(this.#registered.values(), registered => registered.adapter)
    this.#arms = arms
    this.#routes = routes
    this.#byName = byName
  }
}
