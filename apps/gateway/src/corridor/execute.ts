/** Steps 3 and 4, for each candidate in turn: admit (its circuit lets the call through), then call it, until one answers. */
import type { Clock } from '@atp/core/clock'
import type { Milliseconds } from '@atp/core/units'
import type { AdapterRegistry, Admission, Provider, ProviderCall } from '@atp/domain/adapter'
import type { Candidate } from '@atp/domain/routing'
import type { Exchange, Walk } from './exchange.ts'
import type { Settler } from './settle.ts'
import { asUpstreamError, type FailedAttempt, failureOf, fallsBack } from './upstream-failure.ts'

/** The first model that answered. */
export interface Reached<Answer> {
  readonly admission: Admission
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
   * @throws {AtpError} when no candidate is left, or when another one could not help
   */
  async firstToAnswer<Answer>(
    walk: Walk,
    ask: (provider: Provider, call: ProviderCall) => Promise<Answer>,
  ): Promise<Reached<Answer>> {
    const failed: FailedAttempt[] = []
    for (const candidate of walk.plan.candidates) {
      if (candidate.excluded !== null || failed.length >= this.#maxAttempts) break
      const admission = this.#registry.admit(candidate.arm)
      if (admission === null) continue
      const startedAt = this.#clock.monotonic()
      try {
        const answer = await ask(admission.provider, providerCall(walk.exchange, candidate, admission))
        return { admission, startedAt, answer }
      } catch (thrown) {
        const error = asUpstreamError(thrown)
        this.#settler.failure(walk, { admission, startedAt }, error)
        failed.push({ arm: candidate.arm, error })
        if (!fallsBack(error)) break
      }
    }
    throw failureOf(failed)
  }
}

function providerCall(exchange: Exchange, candidate: Candidate, admission: Admission): ProviderCall {
  const { body, signal } = exchange
  const { upstreamModel } = admission.arm
  return candidate.outputLimit === null
    ? { upstreamModel, body, signal }
    : { upstreamModel, body, signal, maxOutputTokens: candidate.outputLimit }
}
