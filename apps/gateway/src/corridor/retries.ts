/**
 * Whether a request is sent once more, and when. Invariants: retries are a share of the requests (`RetryBudget`), those of a model that has
 * just failed also a share of its adapter's own calls; and no upstream that named a time by `Retry-After` is asked again before it.
 */
import type { Clock } from '@atp/core/clock'
import type { AdapterId } from '@atp/core/ids'
import type { Random } from '@atp/core/random'
import type { Timers } from '@atp/core/timers'
import { type Milliseconds, milliseconds } from '@atp/core/units'
import { RetryBudget, type RetryKind, type UpstreamError } from '@atp/domain/adapter'
import type { Metrics } from '@atp/infrastructure/telemetry'
import { type FailedAttempt, nextAfter } from './upstream-failure.ts'

export interface RetriesOptions {
  readonly ratio: number
  readonly minPerSecond: number
  /** Longest wait before the same model is asked again; 0: it is not. */
  readonly maxWaitMs: Milliseconds
  /** What the wait is drawn below. */
  readonly backoffMs: Milliseconds
  /** Hedges for each request; null: nobody asks for one. */
  readonly hedgeShare: number | null
  readonly clock: Clock
  readonly timers: Timers
  readonly random: Random
  readonly metrics: Pick<Metrics, 'retried' | 'retryRefused'>
}

/** A retry that may be made: it is made, or given back. */
export interface RetryPermit {
  readonly kind: RetryKind
  readonly adapter: AdapterId
  readonly takenAt: Milliseconds
}

/** To ask the same model again. */
export interface SecondTry {
  readonly failed: FailedAttempt
  readonly waitMs: Milliseconds
}

const WINDOW_MS = 10_000
/** Hedges are few, and nobody waits for them: over a longer time there is a share of few requests, too. */
const HEDGE_WINDOW_MS = 600_000

export class Retries {
  readonly #options: RetriesOptions
  readonly #all: RetryBudget
  /** Of models that are asked again, by adapter; null where none is. */
  readonly #again: Map<AdapterId, RetryBudget> | null
  readonly #hedges: RetryBudget | null

  constructor(options: RetriesOptions) {
    this.#options = options
    this.#all = this.#budget()
    this.#again = options.maxWaitMs > 0 ? new Map() : null
    const { hedgeShare: ratio } = options
    this.#hedges = ratio !== null ? new RetryBudget({ ratio, reserve: 0, windowMs: HEDGE_WINDOW_MS }) : null
  }

  /**
   * A call is sent.
   * @param permit null until a request has reached an upstream
   * @param isFirst whether nobody was asked before: who had no words for a request makes no second one of it
   */
  sent(permit: RetryPermit | null, adapter: AdapterId, now: Milliseconds, isFirst = false): void {
    if (permit !== null) this.#options.metrics.retried(permit.kind)
    else if (isFirst) {
      this.#all.request(now)
      this.#hedges?.request(now)
    }
    if (permit?.kind !== 'again') this.#againOf(adapter)?.request(now)
  }

  /** @returns null where a budget that it is paid from is spent */
  take(kind: RetryKind, adapter: AdapterId): RetryPermit | null {
    const takenAt = this.#options.clock.monotonic()
    const own = this.#ownOf(kind, adapter)
    if (this.#all.take(takenAt)) {
      if (own === null || own.take(takenAt)) return { kind, adapter, takenAt }
      this.#all.giveBack(takenAt)
    }
    this.#options.metrics.retryRefused(kind)
    return null
  }

  /** The call was not made. @param permit null for a request's first */
  giveBack(permit: RetryPermit | null): void {
    if (permit === null) return
    const { kind, adapter, takenAt } = permit
    this.#all.giveBack(takenAt)
    this.#ownOf(kind, adapter)?.giveBack(takenAt)
  }

  /** Where no other model is left: the first of those that may be better in a moment. Null: none is. */
  secondTry(failed: readonly FailedAttempt[]): SecondTry | null {
    const { maxWaitMs, backoffMs, random } = this.#options
    if (maxWaitMs === 0 || nextAfter(failed) !== 'anyone') return null
    const passing = failed.find(({ error }) => mayPass(error) && (error.retryAfter ?? 0) <= maxWaitMs)
    if (passing === undefined) return null
    // Full jitter (Brooker, "Exponential Backoff And Jitter", 2015): what failed together must not come back together.
    const jitter = Math.min(backoffMs, maxWaitMs) * (random.uint32() / 2 ** 32)
    const asked = passing.error.retryAfter
    // A timer may be early by what it rounds.
    const waitMs = asked === undefined ? jitter : asked + 1 + jitter
    return { failed: passing, waitMs: milliseconds(Math.ceil(waitMs)) }
  }

  /** Ends early when the client leaves. */
  wait({ waitMs }: SecondTry, signal: AbortSignal): Promise<void> {
    return new Promise(resolve => {
      const end = (): void => {
        cancel()
        signal.removeEventListener('abort', end)
        resolve()
      }
      const cancel = this.#options.timers.after(waitMs, end)
      signal.addEventListener('abort', end)
      if (signal.aborted) end()
    })
  }

  /** What such a retry is paid from beside the budget of all. */
  #ownOf(kind: RetryKind, adapter: AdapterId): RetryBudget | null {
    if (kind === 'fallback') return null
    return kind === 'hedge' ? this.#hedges : this.#againOf(adapter)
  }

  #againOf(adapter: AdapterId): RetryBudget | null {
    if (this.#again === null) return null
    let budget = this.#again.get(adapter)
    if (budget === undefined) {
      budget = this.#budget()
      this.#again.set(adapter, budget)
    }
    return budget
  }

  #budget(): RetryBudget {
    const { ratio, minPerSecond } = this.#options
    return new RetryBudget({ ratio, reserve: (minPerSecond * WINDOW_MS) / 1_000, windowMs: WINDOW_MS })
  }
}

/** What is not the model's last word: a lost connection, a server that broke or is full. A time-out has cost enough. */
function mayPass({ failure, status }: UpstreamError): boolean {
  return failure === 'rate_limited' || (failure === 'failed' && (status === undefined || status >= 500))
}
