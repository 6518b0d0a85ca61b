/** Steps 3 and 4, for each candidate in turn: admit (its circuit lets the call through), then call it, until one answers. */
import type { Clock } from '@atp/core/clock'
import type { Milliseconds } from '@atp/core/units'
import type { AdapterCall, AdapterRegistry, Provider, ProviderCall } from '@atp/domain/adapter'
import type { Candidate } from '@atp/domain/routing'
import type { Exchange, Walk } from './exchange.ts'
import type { Settler } from './settle.ts'
import { asUpstreamError, type FailedAttempt, failureOf, nextAfter } from './upstream-failure.ts'

/** The first model that answered. */
export interface Reached<Answer> {
  readonly upstream: AdapterCall
  readonly startedAt: Milliseconds
  readonly answer: Answer
}

export interface ExecutorOptions {
  readonly registry: AdapterRegistry
  readonly settler: Settler
  readonly clock: Clock
  readonly maxAttempts: number
}

export class Executor {
  readonly #registry: AdapterRegistry
  readonly #settler: Settler
  readonly #clock: Clock
  readonly #maxAttempts: number

  constructor(options: ExecutorOptions) {
    this.#registry = options.registry
    this.#settler = options.settler
    this.#clock = options.clock
    this.#maxAttempts = options.maxAttempts
  }

  /**
   * Each failure is settled into `walk.attempts`; the attempt that answered is the caller's to settle.
   * @throws {AtpError} when no candidate is left that could help
   */
  async firstToAnswer<Answer>(
    walk: Walk,
    ask: (provider: Provider, call: ProviderCall) => Promise<Answer>,
  ): Promise<Reached<Answer>> {
    const tried: Candidate[] = []
    const failed: FailedAttempt[] = []
    while (failed.length < this.#maxAttempts) {
      const candidate = this.#next(walk.plan.candidates, tried, failed)
      if (candidate === null) break
      tried.push(candidate)
      const upstream = this.#registry.begin(candidate.arm)
      if (upstream === null) continue
      const startedAt = this.#clock.monotonic()
      try {
        const answer = await ask(upstream.provider, providerCall(walk.exchange, candidate, upstream))
        return { upstream, startedAt, answer }
      } catch (thrown) {
        const error = asUpstreamError(thrown)
        this.#settler.failure(walk, { upstream, startedAt }, error)
        failed.push({ arm: upstream.arm, error })
      }
    }
    throw failureOf(failed)
  }

  /** The best one left. What breaks is rarely one model alone: those of an adapter that has failed come last, or not at all. */
  #next(
    candidates: readonly Candidate[],
    tried: readonly Candidate[],
    failed: readonly FailedAttempt[],
  ): Candidate | null {
    const next = nextAfter(failed)
    if (next === 'nobody') return null
    let last: Candidate | null = null
    for (const candidate of candidates) {
      if (candidate.excluded !== null) break
      if (tried.includes(candidate)) continue
      if (failed.length === 0) return candidate
      const adapterId = this.#registry.arm(candidate.arm)?.adapterId
      if (failed.every(({ arm }) => arm.adapterId !== adapterId)) return candidate
      last ??= candidate
    }
    return next === 'anyone' ? last : null
  }
}

function providerCall(exchange: Exchange, candidate: Candidate, upstream: AdapterCall): ProviderCall {
  const { body, signal } = exchange
  const { upstreamModel } = upstream.arm
  return candidate.outputLimit === null
    ? { upstreamModel, body, signal }
    : { upstreamModel, body, signal, maxOutputTokens: candidate.outputLimit }
}
