/** A call whose answer comes whole: its bytes are collected, and read once. */
import type { UpstreamError } from '@atp/domain/adapter'
import { BoundedBody } from './bounded-body.ts'
import type { TimeLimits } from './deadlines.ts'
import type { Upstream } from './upstream.ts'
import { type ResponseHeaders, UpstreamCall } from './upstream-call.ts'

export interface WholeBodyOptions {
  readonly upstream: Upstream
  readonly signal: AbortSignal
  readonly maxBytes: number
}

export abstract class WholeBody<Answer> extends UpstreamCall {
  protected contentType = 'application/json'
  readonly #body: BoundedBody
  readonly #resolve: (answer: Answer) => void
  readonly #reject: (error: UpstreamError) => void

  constructor(
    { upstream, signal, maxBytes }: WholeBodyOptions,
    resolve: (answer: Answer) => void,
    reject: (error: UpstreamError) => void,
  ) {
    super(upstream, signal, onlyTotal(upstream.limits))
    this.#body = new BoundedBody(maxBytes)
    this.#resolve = resolve
    this.#reject = reject
  }

  /** @returns null where it is no answer: what is wrong has been said by `malformed` or `errorUnderSuccess` */
  protected abstract read(bytes: Buffer): Answer | null

  protected answerStarted(headers: ResponseHeaders): void {
    const type = headers['content-type']
    if (typeof type === 'string') this.contentType = type
  }

  protected answerData(chunk: Buffer): void {
    if (!this.#body.add(chunk)) this.malformed('an answer that is too long')
  }

  protected answerEnded(): void {
    const answer = this.read(this.#body.bytes())
    if (answer !== null) this.#resolve(answer)
  }

  protected failed(error: UpstreamError): void {
    this.#reject(error)
  }
}

/** Its first byte comes when the model has done its work: until then silence says nothing. */
export function onlyTotal({ total }: TimeLimits): TimeLimits {
  return { total, firstToken: total, idle: total }
}
