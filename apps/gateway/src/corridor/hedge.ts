/**
 * A second model for a request whose first is slower than nearly always (Dean and Barroso, "The Tail at Scale", 2013): the first to come with
 * content answers, the other is cancelled, and billed for what is known of it. Invariants: one hedge a request, each by leave of the tenant's
 * limits, of the retry budget and of the hedges' own share; whatever happens to the second call, the first goes on.
 */
import type { Clock } from '@atp/core/clock'
import { AtpError } from '@atp/core/errors'
import { type Timers, within } from '@atp/core/timers'
import type { AdapterRegistry } from '@atp/domain/adapter'
import type { Usage } from '@atp/domain/observation'
import type { Arm, Candidate } from '@atp/domain/routing'
import type { Metrics } from '@atp/infrastructure/telemetry'
import type { Admitter } from './admit.ts'
import type { Contest } from './contest.ts'
import type { AnyWalk } from './exchange.ts'
import type { Reached } from './execute.ts'
import { otherCandidate } from './next-candidate.ts'
import { type OpenCall, openCall } from './open-call.ts'
import { type Ask, Lane, type Runner, run, winnerOf } from './race.ts'
import type { Reservation } from './reservation.ts'
import type { Retries } from './retries.ts'
import type { Settler } from './settle.ts'
import { type FailedAttempt, nextAfter } from './upstream-failure.ts'

export interface HedgingOptions {
  readonly registry: AdapterRegistry
  readonly admitter: Pick<Admitter, 'admit'>
  readonly retries: Retries
  readonly settler: Settler
  readonly clock: Clock
  readonly timers: Timers
  readonly metrics: Pick<Metrics, 'hedged'>
  /** Milliseconds that a model has at least. */
  readonly leastMs: number
  /** Answers of a model that must have been seen. */
  readonly fewestAnswers: number
  /** Whether answers that are not streamed are hedged, too. */
  readonly wholeAnswers: boolean
}

/** What the executor knows of the request. */
export interface Course<Answer> {
  readonly walk: AnyWalk
  readonly ask: Ask<Answer>
  readonly tried: Candidate[]
  readonly failed: FailedAttempt[]
}

export class Hedging {
  readonly #options: HedgingOptions

  constructor(options: HedgingOptions) {
    this.#options = options
  }

  /** @returns null where a call of this candidate is not hedged, however slow */
  of<Answer>(
    { exchange, isHedged }: AnyWalk,
    { arm }: Candidate,
    contest: Contest<Answer>,
  ): Hedge<Answer> | null {
    const { registry, fewestAnswers, leastMs, wholeAnswers } = this.#options
    if (isHedged || (contest.until === 'answer' && !wholeAnswers)) return null
    const p95 = registry.p95(arm, contest.until, fewestAnswers)
    if (p95 === null) return null
    return new Hedge(this.#options, contest, new Lane(exchange.signal), Math.max(p95, leastMs))
  }
}

/** A call that another may be sent beside. */
export class Hedge<Answer> {
  readonly #options: HedgingOptions
  readonly #contest: Contest<Answer>
  readonly #lane: Lane
  readonly #slowAfterMs: number

  constructor(options: HedgingOptions, contest: Contest<Answer>, lane: Lane, slowAfterMs: number) {
    this.#options = options
    this.#contest = contest
    this.#lane = lane
    this.#slowAfterMs = slowAfterMs
  }

  /** Of the call itself. */
  get signal(): AbortSignal {
    return this.#lane.signal
  }

  /** @returns what was reached; null where nobody answered: each call that was sent is settled, and among `failed`, then */
  async race(course: Course<Answer>, open: OpenCall): Promise<Reached<Answer> | null> {
    const field: Field<Answer> = { first: this.#run(course, open, this.#lane), second: null, isOver: false }
    const { timers, metrics } = this.#options
    if (await within(timers, this.#slowAfterMs, field.first.ended)) return reachedBy(field.first)
    const winner = await winnerOf(field.first, this.#second(course, field))
    field.isOver = true
    const { first, second } = field
    if (second !== null) {
      metrics.hedged(winner === null ? 'neither' : winner === first ? 'first' : 'second')
    }
    if (winner === null) return null
    const loser = winner === first ? second : first
    if (loser !== null && !loser.hasFailed) await this.#cancel(course, loser, loser === first)
    return reachedBy(winner)
  }

  /** Another model, of another adapter where there is one. Null: nobody is asked. */
  async #second(course: Course<Answer>, field: Field<Answer>): Promise<Runner<Answer> | null> {
    const { registry, retries } = this.#options
    const { walk, tried, failed } = course
    const avoided = [...failed.map(({ arm }) => arm), field.first.upstream.arm]
    const candidate = otherCandidate(registry, walk.plan.candidates, tried, avoided, nextAfter(failed))
    const arm = candidate === null ? undefined : registry.arm(candidate.arm)
    if (candidate === null || arm === undefined) return null
    const permit = retries.take('hedge', arm.adapterId)
    if (permit === null) return null
    const lane = new Lane(walk.exchange.signal)
    const reservation = await this.#admitted(walk, candidate, arm).catch(() => null)
    if (field.isOver) lane.leave()
    // From here to where the first one's end finds it in the field, nothing waits.
    const open =
      reservation === null ? null : openCall(this.#options, walk, candidate, reservation, lane.signal)
    if (open === null) {
      retries.giveBack(permit)
      return null
    }
    retries.sent(permit, arm.adapterId, open.startedAt)
    walk.isHedged = true
    tried.push(candidate)
    field.second = this.#run(course, open, lane)
    return field.second
  }

  /** Null where the tenant's limits refuse it. */
  async #admitted(walk: AnyWalk, candidate: Candidate, arm: Arm): Promise<Reservation | null> {
    const reservation = await this.#options.admitter.admit(walk, candidate, arm)
    return reservation instanceof AtpError ? null : reservation
  }

  #run({ walk, ask, failed }: Course<Answer>, open: OpenCall, lane: Lane): Runner<Answer> {
    return run(open, lane, ask, {
      failed: error => {
        this.#options.settler.failure(walk, open, error)
        failed.push({ arm: open.upstream.arm, error })
      },
      // It is settled: what is left of it is to end.
      answeredLate: answer => void this.#contest.discard(answer).catch(() => undefined),
    })
  }

  /** The provider bills what it has read, and what it has written. It says nothing of the model's quality, and is no failure of its. */
  async #cancel({ walk }: Course<Answer>, loser: Runner<Answer>, wasFirst: boolean): Promise<void> {
    loser.hasLost = true
    const { answer } = loser
    const read = () => promptOnly(walk)
    const usage = answer === undefined ? read() : await this.#contest.discard(answer.value).catch(read)
    this.#options.settler.settle(walk, loser, {
      outcome: 'cancelled',
      firstTokenAt: null,
      usage,
      signal: null,
      ...(wasFirst && answer === undefined ? { outrunBefore: this.#contest.until } : {}),
    })
    loser.lane.leave()
  }
}

/** Who runs. */
interface Field<Answer> {
  readonly first: Runner<Answer>
  second: Runner<Answer> | null
  isOver: boolean
}

function promptOnly({ request }: AnyWalk): Usage {
  return { inputTokens: request.countInputTokens(), outputTokens: 0, estimated: true }
}

function reachedBy<Answer>(runner: Runner<Answer>): Reached<Answer> | null {
  const { upstream, reservation, price, startedAt, answer } = runner
  return answer === undefined ? null : { upstream, reservation, price, startedAt, answer: answer.value }
}
