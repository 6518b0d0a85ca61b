/** Steps 3 and 4, for each candidate in turn: admit (the tenant's limits, and its circuit), then call it, until one answers. */
import type { Clock } from '@atp/core/clock'
import { AtpError } from '@atp/core/errors'
import { type AdapterRegistry, UpstreamError } from '@atp/domain/adapter'
import type { Arm, Candidate } from '@atp/domain/routing'
import type { Admitter } from './admit.ts'
import type { Contest } from './contest.ts'
import type { AnyWalk } from './exchange.ts'
import type { Hedge, Hedging } from './hedge.ts'
import { nextCandidate } from './next-candidate.ts'
import { type OpenCall, openCall } from './open-call.ts'
import type { Ask } from './race.ts'
import type { Retries, RetryPermit } from './retries.ts'
import type { Attempt, Settler } from './settle.ts'
import { asUpstreamError, type FailedAttempt, failureOf, sentOf } from './upstream-failure.ts'

/** The first model that answered. */
export interface Reached<Answer> extends Attempt {
  readonly answer: Answer
}

export interface ExecutorOptions {
  readonly registry: AdapterRegistry
  readonly admitter: Pick<Admitter, 'admit'>
  readonly retries: Retries
  /** Null where nothing is hedged. */
  readonly hedging: Hedging | null
  readonly settler: Settler
  readonly clock: Clock
  readonly maxAttempts: number
}

/** Who is asked next; a retry only by leave of its budget. */
interface Turn {
  readonly candidate: Candidate
  readonly permit: RetryPermit | null
}

export class Executor {
  readonly #options: ExecutorOptions

  constructor(options: ExecutorOptions) {
    this.#options = options
  }

  /**
   * Each failure is settled into `walk.attempts`; the attempt that answered is the caller's to settle.
   * @param contest where a second model may be asked beside a slow one: what becomes of the answer that comes too late
   * @throws {AtpError} when no candidate is left that could help
   */
  async firstToAnswer<Answer>(
    walk: AnyWalk,
    ask: Ask<Answer>,
    contest: Contest<Answer> | null = null,
  ): Promise<Reached<Answer>> {
    const { registry, admitter, retries, settler, maxAttempts } = this.#options
    const { signal } = walk.exchange
    const tried: Candidate[] = []
    const failed: FailedAttempt[] = []
    let denied: AtpError | null = null
    while (sentOf(failed).length < maxAttempts) {
      const turn =
        sentOf(failed).length === 0
          ? this.#first(walk, tried, failed)
          : await this.#retry(walk, tried, failed)
      if (turn === null) break
      const { candidate, permit } = turn
      tried.push(candidate)
      const arm = registry.arm(candidate.arm) as Arm
      const hedge = this.#hedgeOf(walk, candidate, contest, failed)
      let opened: OpenCall | null = null
      try {
        const admission = admitter.admit(walk, candidate, arm)
        const reservation = admission instanceof Promise ? await admission : admission
        if (reservation instanceof AtpError) denied ??= reservation
        else opened = openCall(this.#options, walk, candidate, reservation, hedge?.signal ?? signal)
      } finally {
        if (opened === null) retries.giveBack(permit)
      }
      if (opened === null) {
        requireClient(arm, signal, failed)
        continue
      }
      const { upstream, reservation, price, startedAt, terms } = opened
      retries.sent(permit, arm.adapterId, startedAt, failed.length === 0)
      if (hedge !== null) {
        const reached = await hedge.race({ walk, ask, tried, failed }, opened)
        if (reached !== null) return reached
        continue
      }
      try {
        return { upstream, reservation, price, startedAt, answer: await ask(upstream.provider, terms) }
      } catch (thrown) {
        const error = asUpstreamError(thrown)
        settler.failure(walk, opened, error)
        failed.push({ arm: upstream.arm, error })
      }
    }
    throw failed.length === 0 && denied !== null ? denied : failureOf(failed)
  }

  /** Null where the call of this candidate is not hedged; the second call counts among those that are allowed. */
  #hedgeOf<Answer>(
    walk: AnyWalk,
    candidate: Candidate,
    contest: Contest<Answer> | null,
    failed: readonly FailedAttempt[],
  ): Hedge<Answer> | null {
    const { hedging, maxAttempts } = this.#options
    if (contest === null || hedging === null || failed.length + 2 > maxAttempts) return null
    return hedging.of(walk, candidate, contest)
  }

  /** Until a call was made. */
  #first({ plan }: AnyWalk, tried: readonly Candidate[], failed: readonly FailedAttempt[]): Turn | null {
    const candidate = nextCandidate(this.#options.registry, plan.candidates, tried, failed)
    return candidate === null ? null : { candidate, permit: null }
  }

  /**
   * Another model, or where none is left the same one after a while, once; null: nobody.
   * @throws {AtpError} the failure itself, where the budget for it is spent
   */
  async #retry(
    { plan, exchange }: AnyWalk,
    tried: readonly Candidate[],
    failed: readonly FailedAttempt[],
  ): Promise<Turn | null> {
    const { registry, retries } = this.#options
    const other = nextCandidate(registry, plan.candidates, tried, failed)
    // Whoever was waited for once is not waited for again, whatever came of it.
    const isFirstWait = new Set(tried).size === tried.length
    const again = other === null && isFirstWait ? retries.secondTry(failed) : null
    const arm = other === null ? again?.failed.arm : registry.arm(other.arm)
    const candidate = other ?? tried.find(one => one.arm === arm?.id)
    if (arm === undefined || candidate === undefined) return null
    const permit = retries.take(again === null ? 'fallback' : 'again', arm.adapterId)
    if (permit === null) throw failureOf(failed, 'the retry budget is spent: nobody else is asked')
    if (again !== null) await retries.wait(again, exchange.signal)
    return { candidate, permit }
  }
}

/** @throws {AtpError} where the client left while its call was admitted */
function requireClient(arm: Arm, signal: AbortSignal, failed: readonly FailedAttempt[]): void {
  if (!signal.aborted) return
  const message = `the call of ${arm.id} was cancelled before it was sent`
  const error = new UpstreamError('cancelled', message, { cause: signal.reason })
  throw failureOf([...failed, { arm, error }])
}
