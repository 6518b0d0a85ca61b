/**
 * A call whose answer is streamed. It succeeds with its first content, and until then any failure leaves a fallback possible;
 * from then on the upstream's bytes pass on as whole events, at the reader's pace.
 */
import {
  type CompletionStream,
  type ProviderCall,
  type StreamSummary,
  UpstreamError,
} from '@atp/domain/adapter'
import type { Usage } from '@atp/domain/observation'
import { BoundedBody } from './bounded-body.ts'
import { isError, parseAnswer } from './chat-completion.ts'
import { ChatStreamReader } from './chat-stream-reader.ts'
import { DeltaSample } from './delta-sample.ts'
import { beginningOf } from './first-content.ts'
import { EventQueue, type Pausable } from './sse/event-queue.ts'
import { EventSplitter } from './sse/event-splitter.ts'
import type { Upstream } from './upstream.ts'
import { type ResponseHeaders, UpstreamCall } from './upstream-call.ts'
import { atLeast, usageOf } from './usage.ts'
import { MAX_ANSWER_BYTES } from './whole-answer.ts'

/** Of one event, and of what comes before the first content. */
const MAX_WAITING_BYTES = 16 * 1024 * 1024

export class StreamedAnswer extends UpstreamCall implements CompletionStream, Pausable {
  readonly #call: ProviderCall
  readonly #resolve: (stream: CompletionStream) => void
  readonly #reject: (error: UpstreamError) => void
  readonly #splitter = new EventSplitter()
  readonly #reader: ChatStreamReader
  readonly #sample = new DeltaSample()
  readonly #queue = new EventQueue(this)
  #contentType = 'text/event-stream'
  /** What came before the first content; null from then on. */
  #waiting: BoundedBody | null = new BoundedBody(MAX_WAITING_BYTES)
  /** The body, where the upstream answered with JSON instead of a stream. */
  #json: BoundedBody | null = null
  /** Of the stream, up to its last report of usage. */
  #bytesReported = 0
  #summary: StreamSummary | null = null

  constructor(
    upstream: Upstream,
    call: ProviderCall,
    dropUsageChunk: boolean,
    resolve: (stream: CompletionStream) => void,
    reject: (error: UpstreamError) => void,
  ) {
    super(upstream, call.signal)
    this.#call = call
    this.#reader = new ChatStreamReader({ dropUsageChunk })
    this.#resolve = resolve
    this.#reject = reject
  }

  get contentType(): string {
    return this.#contentType
  }

  get events(): AsyncIterable<Buffer> {
    return this.#queue
  }

  summary(): StreamSummary {
    this.#summary ??= {
      usage: this.#usage(),
      finishReason: this.#reader.finishReason,
      refused: this.#reader.refused,
      complete: this.#reader.complete,
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
    const type = headers['content-type']
    if (typeof type !== 'string') return
    this.#contentType = type
    if (JSON_TYPE.test(type)) this.#json = new BoundedBody(MAX_ANSWER_BYTES)
  }

  protected answerData(chunk: Buffer): void {
    if (this.#json !== null) {
      if (!this.#json.add(chunk)) this.malformed('JSON instead of a stream')
      return
    }
    const block = this.#splitter.push(chunk)
    if (block !== null) this.#receive(block)
    if (this.#splitter.heldBytes > MAX_WAITING_BYTES) this.malformed('an event that is too long')
  }

  protected answerEnded(): void {
    if (this.#json !== null) this.#endJson(this.#json.bytes())
    else this.#endStream()
  }

  protected failed(error: UpstreamError): void {
    if (this.#waiting !== null) {
      this.#reject(error)
    } else if (error.failure === 'cancelled') {
      this.#queue.discard()
      this.#queue.close(error)
    } else {
      // Whoever said `[DONE]` may hang up as it likes.
      this.#queue.close(this.#reader.done ? null : midStream(error))
    }
  }

  #receive(block: Buffer): void {
    const opened = this.#waiting === null ? block : this.#open(this.#waiting, block)
    if (opened === null) return
    this.#sample.add(opened)
    const reported = this.#reader.usage
    const kept = this.#reader.read(opened)
    if (this.#reader.usage !== reported) this.#bytesReported = this.#sample.totalBytes
    if (kept.length > 0) this.#queue.push(kept)
    if (this.#reader.done) this.deadlines.linger()
  }

  /** @returns all that came until now, once there is content in it; null before */
  #open(waiting: BoundedBody, block: Buffer): Buffer | null {
    const bounded = waiting.add(block)
    const { is, data } = beginningOf(block)
    if (!bounded) this.malformed('too much before its first content')
    else if (is === 'error') this.errorUnderSuccess(Buffer.from(data))
    else if (is === 'garbage') this.malformed('a stream that does not begin with JSON')
    else if (is === 'content') {
      this.#waiting = null
      this.deadlines.firstToken()
      this.#resolve(this)
      return waiting.bytes()
    }
    return null
  }

  #usage(): Usage {
    const usage = usageOf(this.#reader.usage, this.#call.body, () => this.#sample.countTokens())
    const isAllReported = this.#reader.complete || this.#bytesReported === this.#sample.totalBytes
    return isAllReported || usage.estimated ? usage : atLeast(usage, this.#sample.countTokens())
  }

  #endStream(): void {
    const rest = this.#splitter.rest()
    if (rest !== null) this.#receive(rest)
    if (this.#waiting === null) this.#queue.close(null)
    else this.malformed('a stream without content')
  }

  #endJson(bytes: Buffer): void {
    const answer = parseAnswer(bytes.toString())
    if (answer !== null && isError(answer)) this.errorUnderSuccess(bytes)
    else this.malformed('JSON instead of a stream')
  }
}

const JSON_TYPE = /^application\/(?:[\w.-]+\+)?json\b/i

/** No fallback is possible any more, so a broken connection has another name. */
export function midStream(error: UpstreamError): UpstreamError {
  return error.failure === 'failed' ? new UpstreamError('cut', error.message, { cause: error.cause }) : error
}
