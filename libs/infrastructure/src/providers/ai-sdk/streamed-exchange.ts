/**
 * A call whose answer is streamed: the SDK reads the upstream's bytes, and its parts become chat completion chunks. It succeeds
 * with its first content, and until then any failure leaves a fallback possible.
 */
import {
  type LanguageModelV4,
  type LanguageModelV4CallOptions,
  type LanguageModelV4StreamPart,
  type LanguageModelV4Usage,
  TypeValidationError,
} from '@ai-sdk/provider'
import {
  type CompletionStream,
  type ProviderCall,
  type StreamSummary,
  UpstreamError,
} from '@atp/domain/adapter'
import { DeltaSample } from '../delta-sample.ts'
import { EventQueue, type Pausable } from '../sse/event-queue.ts'
import { midStream } from '../streamed-answer.ts'
import type { ResponseHeaders } from '../upstream-call.ts'
import { usageOf } from '../usage.ts'
import { ChunkWriter } from './chunk-writer.ts'
import { Exchange, type ExchangeOptions } from './exchange.ts'
import { endedInError, finishReasonOf, isRefusal } from './finish-reason.ts'
import { sdkFailure } from './sdk-failure.ts'
import { openAiUsage, reportedUsage } from './usage.ts'

type Finish = Extract<LanguageModelV4StreamPart, { type: 'finish' }>

export class StreamedExchange extends Exchange implements CompletionStream, Pausable {
  readonly contentType = 'text/event-stream; charset=utf-8'
  readonly #call: ProviderCall
  readonly #knownEvents: ReadonlySet<string> | null
  readonly #began = Promise.withResolvers<CompletionStream>()
  readonly #writer: ChunkWriter
  readonly #sample = new DeltaSample()
  readonly #queue = new EventQueue(this)
  #body: ReadableStreamDefaultController<Uint8Array> | null = null
  #hasBegun = false
  /** All of the upstream's bytes are there: its connection may carry another call by now. */
  #received = false
  #told: LanguageModelV4Usage | null = null
  #finishReason: string | null = null
  #refused = false
  #summary: StreamSummary | null = null

  constructor(options: ExchangeOptions, call: ProviderCall, knownEvents: ReadonlySet<string> | null) {
    super(options)
    this.#call = call
    this.#knownEvents = knownEvents
    this.#writer = new ChunkWriter({
      model: call.upstreamModel,
      created: Math.floor(this.upstream.clock.now() / 1000),
      includeUsage: this.#clientAsksForUsage,
    })
  }

  /** @throws {UpstreamError} where no content came */
  answerOf(model: LanguageModelV4, options: LanguageModelV4CallOptions): Promise<CompletionStream> {
    void this.#translate(model, options)
    return this.#began.promise
  }

  get events(): AsyncIterable<Buffer> {
    return this.#queue
  }

  summary(): StreamSummary {
    const reported = this.#told === null ? null : reportedUsage(this.#told)
    this.#summary ??= {
      usage: usageOf(reported, this.#call.body, () => this.#sample.countTokens()),
      finishReason: this.#finishReason,
      refused: this.#refused,
      complete: this.#finishReason !== null,
    }
    return this.#summary
  }

  text(): string | null {
    return this.#sample.text()
  }

  pause(): void {
    this.pauseReading()
  }

  resume(): void {
    this.resumeReading()
  }

  abandon(): void {
    this.handleEvent()
  }

  protected answerStarted(headers: ResponseHeaders): void {
    const body = new ReadableStream<Uint8Array>({
      start: controller => {
        this.#body = controller
      },
      cancel: () => {
        this.#body = null
      },
    })
    this.respond(body, headers)
  }

  protected answerData(chunk: Buffer): void {
    this.#body?.enqueue(chunk)
  }

  protected answerEnded(): void {
    this.#received = true
    this.#body?.close()
  }

  protected override failed(error: UpstreamError): void {
    super.failed(error)
    if (error.failure === 'cancelled') {
      this.#queue.discard()
      this.#end(error)
    }
    // What has arrived is read first: it goes through the SDK before anything that happens later.
    setImmediate(() => {
      this.#body?.error(error)
      this.#end(error)
    })
  }

  get #clientAsksForUsage(): boolean {
    return this.#call.body.stream_options?.include_usage === true
  }

  async #translate(model: LanguageModelV4, options: LanguageModelV4CallOptions): Promise<void> {
    try {
      const { stream } = await model.doStream(options)
      for await (const part of stream) this.#take(part)
      if (this.#hasBegun) this.#queue.close(null)
      else
        this.#breakOff(new UpstreamError('malformed', `${this.upstream.name} answered with an empty stream`))
    } catch (thrown) {
      this.#breakOff(this.failure ?? sdkFailure(thrown, this.upstream))
    }
  }

  #take(part: LanguageModelV4StreamPart): void {
    if (part.type === 'error') {
      if (this.#isToCome(part.error)) return
      this.#breakOff(sdkFailure(part.error, this.upstream))
    } else if (part.type === 'finish') {
      this.#finish(part)
    } else if (part.type === 'file' || part.type === 'reasoning-file') {
      const what = `what no chat completion holds (${part.type})`
      this.#breakOff(new UpstreamError('malformed', `${this.upstream.name} answered with ${what}`))
    } else {
      const chunk = this.#writer.write(part)
      if (chunk !== null) this.#emit(chunk)
    }
  }

  /** An event of a type that did not exist when the SDK was made: its provider says that such may come. */
  #isToCome(error: unknown): boolean {
    if (this.#knownEvents === null || !TypeValidationError.isInstance(error)) return false
    const { type } = (error.value ?? {}) as { readonly type?: unknown }
    return typeof type === 'string' && !this.#knownEvents.has(type)
  }

  #finish({ finishReason, usage }: Finish): void {
    this.#told = usage
    if (endedInError(finishReason)) {
      const text = `${this.upstream.name} gave up its answer (${finishReason.raw})`
      this.#breakOff(new UpstreamError('failed', text))
      return
    }
    const reason = finishReasonOf(finishReason)
    // A stream that ended in good order, but without a word of the answer's end.
    if (reason === null) return
    this.#finishReason = reason
    this.#refused = isRefusal(finishReason)
    const figures = this.#clientAsksForUsage ? openAiUsage(this.summary().usage, usage) : null
    this.#emit(this.#writer.finish(reason, figures))
    if (!this.#received) this.deadlines.linger()
  }

  #emit(chunk: Buffer): void {
    if (!this.#hasBegun) {
      this.#hasBegun = true
      this.deadlines.firstToken()
      this.#began.resolve(this)
    }
    this.#sample.add(chunk)
    this.#queue.push(chunk)
  }

  /** By what the SDK found in the answer, which may be there as a whole by now. */
  #breakOff(error: UpstreamError): void {
    this.fail(error)
    this.#end(error)
  }

  #end(error: UpstreamError): void {
    if (!this.#hasBegun) this.#began.reject(error)
    // Whoever said all may hang up as it likes.
    else this.#queue.close(this.#finishReason === null ? midStream(error) : null)
  }
}
