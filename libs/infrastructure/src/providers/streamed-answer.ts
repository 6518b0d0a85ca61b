/**
 * A call whose answer is streamed. It succeeds with its first content, and until then any failure leaves a fallback possible;
 * from then on the upstream's bytes pass on as whole events, at the reader's pace.
 */
import { type CompletionStream, type StreamSummary, UpstreamError } from '@atp/domain/adapter'
import { BoundedBody } from './bounded-body.ts'
import { isError, parseAnswer } from './chat-completion.ts'
import type { Beginning } from './first-content.ts'
import { EventQueue, type Pausable } from './sse/event-queue.ts'
import { EventSplitter } from './sse/event-splitter.ts'
import type { Upstream } from './upstream.ts'
import { type ResponseHeaders, UpstreamCall } from './upstream-call.ts'
import { MAX_ANSWER_BYTES } from './whole-answer.ts'

/** Of one event, and of what comes before the first content. */
const MAX_WAITING_BYTES = 16 * 1024 * 1024

/** What its wire format makes of a stream; each stream has one of its own. */
export interface StreamFormat {
  /** What a stream that has said nothing yet begins to say. @param block whole events */
  beginningOf(block: Buffer): Beginning
  /** @returns what the client gets of these events; empty where nothing is left */
  read(block: Buffer): Buffer
  /** There is nothing more to say. */
  readonly done: boolean
  readonly isLast?: CompletionStream['isLast']
  summary(): StreamSummary
  text(): string | null
}

export class StreamedAnswer extends UpstreamCall implements CompletionStream, Pausable {
  readonly isLast: CompletionStream['isLast']
  readonly #format: StreamFormat
  readonly #resolve: (stream: CompletionStream) => void
  readonly #reject: (error: UpstreamError) => void
  readonly #splitter = new EventSplitter()
  readonly #queue = new EventQueue(this)
  #contentType = 'text/event-stream'
  /** What came before the first content; null from then on. */
  #waiting: BoundedBody | null = new BoundedBody(MAX_WAITING_BYTES)
  /** The body, where the upstream answered with JSON instead of a stream. */
  #json: BoundedBody | null = null
  #summary: StreamSummary | null = null

  constructor(
    upstream: Upstream,
    signal: AbortSignal,
    format: StreamFormat,
    resolve: (stream: CompletionStream) => void,
    reject: (error: UpstreamError) => void,
  ) {
    super(upstream, signal)
    this.#format = format
    this.isLast = format.isLast
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
    this.#summary ??= this.#format.summary()
    return this.#summary
  }

  text(): string | null {
    return this.#format.text()
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
      // Whoever said that it is done may hang up as it likes.
      this.#queue.close(this.#format.done ? null : midStream(error))
    }
  }

  #receive(block: Buffer): void {
    const opened = this.#waiting === null ? block : this.#open(this.#waiting, block)
    if (opened === null) return
    const kept = this.#format.read(opened)
    if (kept.length > 0) this.#queue.push(kept)
    if (this.#format.done) this.deadlines.linger()
  }

  /** @returns all that came until now, once there is content in it; null before */
  #open(waiting: BoundedBody, block: Buffer): Buffer | null {
    const bounded = waiting.add(block)
    const { is, data } = this.#format.beginningOf(block)
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
