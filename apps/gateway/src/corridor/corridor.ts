/** A request's way, straight through: plan -> for each candidate admit and execute -> settle -> observe. No step reaches back. */
import type { Clock } from '@atp/core/clock'
import type { DecisionId } from '@atp/core/ids'
import type { OpenWork } from '@atp/core/shutdown'
import type {
  Completion,
  CompletionStream,
  EmbeddingAnswer,
  EmbeddingBody,
  ResponseAnswer,
  ResponseBody,
} from '@atp/domain/adapter'
import type { Guardrails } from '@atp/domain/guardrail'
import type { LevelReport } from '@atp/domain/limit'
import type { FeedbackService, Observation, Usage } from '@atp/domain/observation'
import type { Plan, Rails, RoutingRequest } from '@atp/domain/routing'
import type { Metrics } from '@atp/infrastructure/telemetry'
import type { AnswerJudging } from '../judging/answer-judging.ts'
import type { Admitter } from './admit.ts'
import { completes, embeds, responds, streams, streamsResponse } from './asks.ts'
import { type Contest, STREAMED, WHOLE } from './contest.ts'
import type { EmbeddingRequests } from './embedding-request.ts'
import type { AnyWalk, Exchange, Walk } from './exchange.ts'
import type { Executor, Reached } from './execute.ts'
import {
  bothMasked,
  guardCompletion,
  guardRequest,
  guardStream,
  type Masked,
  requireReadableInput,
  requireUnreadAnswers,
} from './guard.ts'
import { KeptCall } from './kept-call.ts'
import type { Observer } from './observe.ts'
import { type Planner, requireCandidate } from './plan.ts'
import type { Ask } from './race.ts'
import { abandon, considerJudging, relay, remember, type StreamedBody } from './relay.ts'
import type { ResponseRequests } from './response-request.ts'
import type { Settler } from './settle.ts'
import { signalOf } from './signal.ts'

export interface Steps {
  readonly guardrails: Guardrails
  readonly planner: Planner
  readonly embeddingRequests: Pick<EmbeddingRequests, 'request'>
  readonly responseRequests: Pick<ResponseRequests, 'request'>
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

interface StreamManner<Body> {
  /** Of the body that the guardrails let pass. */
  readonly askOf: (body: Body) => Ask<CompletionStream>
  /** Null where a second model is never asked beside a slow one. */
  readonly contest: Contest<CompletionStream> | null
}

/** Makes of what is asked what routing needs to know of it. */
interface RequestReader<Body> {
  request(exchange: Exchange<Body>): RoutingRequest | Promise<RoutingRequest>
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

/** One that is passed on as it is: nobody looks at what it says. */
export interface PassedAnswer<Answer> extends AnswerHead {
  readonly answer: Answer
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
    const { guardrails, planner, settler, observer } = this.#steps
    const walk = await this.#enter(exchange, planner)
    const reached = await this.#reach(walk, completes(walk.exchange.body), WHOLE)
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

  stream(exchange: Exchange): Promise<StreamedAnswer> {
    return this.#stream(exchange, this.#steps.planner, { askOf: streams, contest: STREAMED })
  }

  /** OpenAI's Responses, which nobody judges. */
  async respond(exchange: Exchange<ResponseBody>): Promise<PassedAnswer<ResponseAnswer>> {
    const { guardrails, responseRequests } = this.#steps
    requireUnreadAnswers(guardrails)
    const walk = await this.#enter(exchange, responseRequests)
    return this.#pass(walk, responds(walk.exchange.body))
  }

  async respondStreamed(exchange: Exchange<ResponseBody>): Promise<StreamedAnswer> {
    const { guardrails, responseRequests } = this.#steps
    requireUnreadAnswers(guardrails)
    return this.#stream(exchange, responseRequests, { askOf: streamsResponse, contest: null })
  }

  async embed(exchange: Exchange<EmbeddingBody>): Promise<PassedAnswer<EmbeddingAnswer>> {
    const { guardrails, embeddingRequests } = this.#steps
    requireReadableInput(guardrails, exchange.body)
    const walk = await this.#enter(exchange, embeddingRequests)
    return this.#pass(walk, embeds(walk.exchange.body))
  }

  async #stream<Body extends StreamedBody>(
    exchange: Exchange<Body>,
    reader: RequestReader<Body>,
    manner: StreamManner<Body>,
  ): Promise<StreamedAnswer> {
    const { drains } = this.#steps
    if (drains === null) return this.#deliver(await this.#enter(exchange, reader), manner, null)
    const kept = new KeptCall(exchange.signal, drains, `the rest of stream ${exchange.id}`)
    try {
      const walk = await this.#enter({ ...exchange, signal: kept.signal }, reader)
      return await this.#deliver(walk, manner, kept)
    } catch (error) {
      kept.settled()
      throw error
    }
  }

  async #deliver<Body extends StreamedBody>(
    walk: Walk<Body>,
    { askOf, contest }: StreamManner<Body>,
    kept: KeptCall | null,
  ): Promise<StreamedAnswer> {
    const unguarded = await this.#reach(walk, askOf(walk.exchange.body), contest)
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

  async #pass<Answer extends { readonly usage: Usage }>(
    walk: AnyWalk,
    ask: Ask<Answer>,
  ): Promise<PassedAnswer<Answer>> {
    const { settler, observer } = this.#steps
    const reached = await this.#reach(walk, ask, null)
    const { answer } = reached
    const answerHead = head(walk, reached)
    const figures = { outcome: 'success', firstTokenAt: null, usage: answer.usage, signal: null } as const
    const observation = settler.settle(walk, reached, figures)
    await observer.observe(walk)
    return { ...answerHead, answer, observation }
  }

  /** From the decision to what is charged for it nothing waits: the next request's decision sees both. */
  async #enter<Body extends object>(
    entering: Exchange<Body>,
    reader: RequestReader<Body>,
  ): Promise<Walk<Body>> {
    this.#steps.admitter.refuseFlood(entering)
    this.#steps.observer.requireRoom()
    const { exchange, masked } = guardRequest(this.#steps.guardrails, entering)
    const request = await reader.request(exchange)
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
    walk: AnyWalk,
    ask: Ask<Answer>,
    contest: Contest<Answer> | null,
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

function head(walk: AnyWalk, reached: Reached<unknown>): AnswerHead {
  const failures = walk.attempts.length
  const { id } = walk.exchange
  const { isHedged, levels, masked } = walk
  return { id, arm: reached.upstream.arm.id, attempts: failures + 1, isHedged, levels, masked }
}

function outcomeOf(walk: AnyWalk, stream: CompletionStream) {
  const observation = walk.attempts.at(-1) as Observation
  return { observation, finishReason: stream.summary().finishReason }
}
