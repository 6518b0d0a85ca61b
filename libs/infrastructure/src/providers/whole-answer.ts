/** A call whose answer comes whole: its bytes are kept as they are, and parsed once. */
import type { Completion, ProviderCall, UpstreamError } from '@atp/domain/adapter'
import { BoundedBody } from './bounded-body.ts'
import {
  type ChatAnswer,
  choicesOf,
  finishReasonOf,
  isError,
  parseAnswer,
  refusedIn,
  writtenText,
} from './chat-completion.ts'
import type { TimeLimits } from './deadlines.ts'
import { countTokens } from './tokenizer.ts'
import type { Upstream } from './upstream.ts'
import { type ResponseHeaders, UpstreamCall } from './upstream-call.ts'
import { readUsage, usageOf } from './usage.ts'

/** More than any model writes. */
export const MAX_ANSWER_BYTES = 64 * 1024 * 1024

/** Its first byte comes when the model has written the last one: until then silence says nothing. */
export function onlyTotal({ total }: TimeLimits): TimeLimits {
  return { total, firstToken: total, idle: total }
}

export class WholeAnswer extends UpstreamCall {
  readonly #call: ProviderCall
  readonly #resolve: (completion: Completion) => void
  readonly #body = new BoundedBody(MAX_ANSWER_BYTES)
  #contentType = 'application/json'
  readonly #reject: (error: UpstreamError) => void

  constructor(
    upstream: Upstream,
    call: ProviderCall,
    resolve: (completion: Completion) => void,
    reject: (error: UpstreamError) => void,
  ) {
    super(upstream, call.signal, onlyTotal(upstream.limits))
    this.#call = call
    this.#resolve = resolve
    this.#reject = reject
  }

  protected answerStarted(headers: ResponseHeaders): void {
    const type = headers['content-type']
    if (typeof type === 'string') this.#contentType = type
  }

  protected answerData(chunk: Buffer): void {
    if (!this.#body.add(chunk)) this.malformed('an answer that is too long')
  }

  protected answerEnded(): void {
    const bytes = this.#body.bytes()
    const answer = parseAnswer(bytes.toString())
    if (answer === null) this.malformed('something else than a JSON object')
    else if (isError(answer)) this.errorUnderSuccess(bytes)
    else if (!Array.isArray(answer.choices)) this.malformed('JSON that is no chat completion')
    else this.#resolve(this.#completion(bytes, answer))
  }

  protected failed(error: UpstreamError): void {
    this.#reject(error)
  }

  #completion(bytes: Buffer, answer: ChatAnswer): Completion {
    return {
      contentType: this.#contentType,
      bytes,
      text: firstText(answer),
      finishReason: finishReasonOf(answer),
      refused: refusedIn(answer),
      usage: usageOf(readUsage(answer.usage), this.#call.body, () => outputTokens(answer)),
    }
  }
}

function firstText(answer: ChatAnswer): string | null {
  const content = choicesOf(answer)[0]?.message?.content
  return typeof content === 'string' ? content : null
}

function outputTokens(answer: ChatAnswer): number {
  let tokens = 0
  for (const { message } of choicesOf(answer)) tokens += countTokens(writtenText(message))
  return tokens
}
