/** Steps 3 and 4, for each candidate in turn: admit (the tenant's limits, and its circuit), then call it, until one answers. */
import type { Clock } from '@atp/core/clock'
import { AtpError } from '@atp/core/errors'
import type { Milliseconds } from '@atp/core/units'
import {
  type AdapterCall,
  type AdapterRegistry,
  type Provider,
  type ProviderCall,
  UpstreamError,
} from '@atp/domain/adapter'
import type { Arm, Candidate, Price } from '@atp/domain/routing'
import type { Admitter } from './admit.ts'
import type { AnyWalk, Exchange, Walk } from './exchange.ts'
import type { Reservation } from './reservation.ts'
import type { Settler } from './settle.ts'
import { asUpstreamError, type FailedAttempt, failureOf, nextAfter } from './upstream-failure.ts'

/** The first model that answered. */
export interface Reached<Answer> {
  readonly upstream: AdapterCall
  readonly reservation: Reservation
  readonly price: Price
  readonly startedAt: Milliseconds
  readonly answer: Answer
}

export interface ExecutorOptions {
  readonly registry: AdapterRegistry
  readonly admitter: Pick<Admitter, 'admit'>
  readonly settler: Settler
  readonly clock: Clock
  readonly maxAttempts: number
}

export class Executor {
  readonly #registry: AdapterRegistry
  readonly #admitter: Pick<Admitter, 'admit'>
  readonly #settler: Settler
  readonly #clock: Clock
  readonly #maxAttempts: number

  constructor(options: ExecutorOptions) {
    this.#registry = options.registry
    this.#admitter = options.admitter
    this.#settler = options.settler
    this.#clock = options.clock
    this.#maxAttempts = options.maxAttempts
  }

  /**
   * Each failure is settled into `walk.attempts`; the attempt that answered is the caller's to settle.
   * @throws {AtpError} when no candidate is left that could help
   */
  async firstToAnswer<Answer, Body>(
    walk: Walk<Body>,
    ask: (provider: Provider, call: ProviderCall<Body>) => Promise<Answer>,
  ): Promise<Reached<Answer>> {
    const tried: Candidate[] = []
    const failed: FailedAttempt[] = []
    let denied: AtpError | null = null
    while (failed.length < this.#maxAttempts) {
      const candidate = this.#next(walk.plan.candidates, tried, failed)
      if (candidate === null) break
      tried.push(candidate)
      const arm = this.#registry.arm(candidate.arm) as Arm
      const admission = this.#admitter.admit(walk, candidate, arm)
      const reservation = admission instanceof Promise ? await admission : admission
      if (reservation instanceof AtpError) {
        denied ??= reservation
        continue
      }
      const { signal } = walk.exchange
      const upstream = signal.aborted ? null : this.#registry.begin(candidate.arm)
      if (upstream === null) {
        giveBack(walk, reservation)
        if (signal.aborted) throw failureOf([...failed, { arm, error: leftBefore(arm, signal) }])
        continue
      }
      const { price } = candidate
      const startedAt = this.#clock.monotonic()
      try {
        const call = providerCall(walk.exchange, candidate, reservation, upstream)
        return { upstream, reservation, price, startedAt, answer: await ask(upstream.provider, call) }
      } catch (thrown) {
        const error = asUpstreamError(thrown)
        this.#settler.failure(walk, { upstream, reservation, price, startedAt }, error)
        failed.push({ arm: upstream.arm, error })
      }
    }
    throw failed.length === 0 && denied !== null ? denied : failureOf(failed)
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

/** Nothing is sent, and nothing billed. */
function giveBack({ settling }: AnyWalk, reservation: Reservation): void {
  const settled = reservation.settle(null)
  if (settled !== null) settling.push(settled)
}

/** While its call was admitted. */
function leftBefore({ id }: Arm, { reason: cause }: AbortSignal): UpstreamError {
  return new UpstreamError('cancelled', `the call of ${id} was cancelled before it was sent`, { cause })
}

function providerCall<Body>(
  { body, signal }: Exchange<Body>,
  candidate: Candidate,
  reservation: Reservation,
  { arm: { upstreamModel } }: AdapterCall,
): ProviderCall<Body> {
  const limit = candidate.outputLimit ?? reservation.outputLimit
  if (limit === null) return { upstreamModel, body, signal }
  return { upstreamModel, body, signal, maxOutputTokens: Math.min(limit, reservation.outputLimit ?? limit) }
}
