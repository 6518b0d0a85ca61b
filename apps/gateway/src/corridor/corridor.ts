/** A request's way, straight through: plan -> for each candidate admit and execute -> settle -> observe. No step reaches back. */
import type { Clock } from '@atp/core/clock'
import type { DecisionId } from '@atp/core/ids'
import type { OpenWork } from '@atp/core/shutdown'
import type { Completion, CompletionStream, Provider, ProviderCall } from '@atp/domain/adapter'
import type { Guardrails } from '@atp/domain/guardrail'
import type { LevelReport } from '@atp/domain/limit'
import type { FeedbackService, Observation } from '@atp/domain/observation'
import type { Plan, Rails, RoutingRequest } from '@atp/domain/routing'
import type { Metrics } from '@atp/infrastructure/telemetry'
import type { AnswerJudging } from '../judging/answer-judging.ts'
import type { Admitter } from './admit.ts'
import { type Contest, STREAMED, WHOLE } from './contest.ts'
import type { Exchange, Walk } from './exchange.ts'
import type { Executor, Reached } from './execute.ts'
import { bothMasked, guardCompletion, guardRequest, guardStream, type Masked } from './guard.ts'
import { KeptCall } from './kept-call.ts'
import type { Observer } from './observe.ts'
import { type Planner, requireCandidate } from './plan.ts'
import { abandon, considerJudging, relay, remember } from './relay.ts'
import type { Settler } from './settle.ts'
import { signalOf } from './signal.ts'

export interface Steps {
  readonly guardrails: Guardrails
  readonly planner: Planner
  readonly admitter: Pick<Admitter, 'refuseFlood'>
  readonly executor: Executor
  readonly settler: Settler
  readonly rails: Pick<Rails, 'follow'>
  readonly observer: Observer
  readonly feedback: Pick<FeedbackService, 'remember' | 'isJudged'>
  /** Null where nobody judges. */
  readonly judging: Pick<AnswerJudging, 'consider'> | null
  /** Where streams are open that are read on without their clients; null where a client that leaves cancels its stream. */
  readonly drains: Pick<OpenWork, 'track'> | null
  readonly metrics: Pick<Metrics, 'streamStarted' | 'streamEnded'>
  readonly clock: Clock
}

/** What is known of an answer when its first byte is there. */
export interface AnswerHead {
  readonly id: DecisionId
  readonly arm: string
  /** Models tried, the one that answered included. */
  readonly attempts: number
  /** Whether two were asked at once, because the first was slow. */
  readonly isHedged: boolean
  /** What is left of the tenant's limits. */
  readonly levels: readonly LevelReport[]
  /** How many texts the guardrails masked: of a stream, in its prompt alone. */
  readonly masked: Masked
}

export interface WholeAnswer extends AnswerHead {
  readonly completion: Completion
  readonly observation: Observation
}

export interface StreamedAnswer extends AnswerHead {
  readonly contentType: string
  /** The upstream's events; the last one comes when everything is committed. */
  readonly events: AsyncIterable<Buffer>
  /** Exactly once, however far `events` was read; after its end it does nothing. */
  close(): Promise<void>
  /** Valid once `events` has ended. */
  outcome(): { readonly observation: Observation; readonly finishReason: string | null }
}

export class Corridor {
  readonly #steps: Steps

  constructor(steps: Steps) {
    this.#steps = steps
  }

  /** The decision that an answer would take; nothing is executed. */
  async plan(exchange: Exchange): Promise<Plan> {
    const { guardrails, planner } = this.#steps
    return this.#decide(await planner.request(guardRequest(guardrails, exchange).exchange))
  }

  async complete(exchange: Exchange): Promise<WholeAnswer> {
    const { guardrails, settler, observer } = this.#steps
    const walk = await this.#enter(exchange)
    const reached = await this.#reach(walk, (provider, call) => provider.complete(call), WHOLE)
    const completion = reached.answer
    const answerHead = head(walk, reached)
    const observation = settler.settle(walk, reached, {
      outcome: 'success',
      firstTokenAt: null,
      usage: completion.usage,
      signal: signalOf(walk.exchange.body, { ...completion, text: () => completion.text }),
    })
    remember(this.#steps, walk, reached)
    await observer.observe(walk)
    // What it cost is spent, whether the client gets it or not.
    const guarded = guardCompletion(guardrails, completion)
    considerJudging(this.#steps, walk, reached, () => guarded.completion.text)
    const masked = bothMasked(walk.masked, guarded.masked)
    return { ...answerHead, masked, completion: guarded.completion, observation }
  }

  async stream(exchange: Exchange): Promise<StreamedAnswer> {
    const { drains } = this.#steps
    if (drains === null) return this.#deliver(exchange, null)
    const kept = new KeptCall(exchange.signal, drains, `the rest of stream ${exchange.id}`)
    try {
      return await this.#deliver({ ...exchange, signal: kept.signal }, kept)
    } catch (error) {
      kept.settled()
      throw error
    }
  }

  async #deliver(exchange: Exchange, kept: KeptCall | null): Promise<StreamedAnswer> {
    const walk = await this.#enter(exchange)
    const unguarded = await this.#reach(walk, (provider, call) => provider.stream(call), STREAMED)
    const reached = guardStream(this.#steps.guardrails, unguarded)
    kept?.contentCame()
    const delivery = { walk, reached, firstTokenAt: this.#steps.clock.monotonic(), kept }
    const close = () => abandon(this.#steps, delivery)
    try {
      // Feedback may come before the stream has ended.
      remember(this.#steps, walk, reached)
    } catch (error) {
      await close()
      throw error
    }
    return {
      ...head(walk, reached),
      contentType: reached.answer.contentType,
      events: relay(this.#steps, delivery),
      close,
      outcome: () => outcomeOf(walk, reached.answer),
    }
  }

  /** From the decision to what is charged for it nothing waits: the next request's decision sees both. */
  async #enter(entering: Exchange): Promise<Walk> {
    this.#steps.admitter.refuseFlood(entering)
    this.#steps.observer.requireRoom()
    const { exchange, masked } = guardRequest(this.#steps.guardrails, entering)
    const request = await this.#steps.planner.request(exchange)
    const walk = {
      exchange,
      masked,
      request,
      plan: this.#decide(request),
      attempts: [],
      spent: {},
      isCounted: false,
      isHedged: false,
      levels: [],
      settling: [],
      signal: null,
    }
    this.#steps.rails.follow(walk.plan, exchange.tenant)
    return { ...walk, reservedUsd: this.#steps.settler.reserve(walk) }
  }

  #decide(request: RoutingRequest): Plan {
    const plan = this.#steps.planner.plan(request)
    requireCandidate(plan)
    return plan
  }

  /** A walk that ends without an answer is observed all the same: its failures are what there is to learn. */
  async #reach<Answer>(
    walk: Walk,
    ask: (provider: Provider, call: ProviderCall) => Promise<Answer>,
    contest: Contest<Answer>,
  ): Promise<Reached<Answer>> {
    const { executor, settler, observer } = this.#steps
    try {
      return await executor.firstToAnswer(walk, ask, contest)
    } catch (error) {
      // Where nobody was called, nothing was settled.
      settler.charge(walk, 0)
      await observer.observe(walk)
      throw error
    }
  }
}

function head(walk: Walk, reached: Reached<unknown>): AnswerHead {
  const failures = walk.attempts.length
  const { id } = walk.exchange
  const { isHedged, levels, masked } = walk
  return { id, arm: reached.upstream.arm.id, attempts: failures + 1, isHedged, levels, masked }
}

function outcomeOf(walk: Walk, stream: CompletionStream) {
  const observation = walk.attempts.at(-1) as Observation
  return { observation, finishReason: stream.summary().finishReason }
}
