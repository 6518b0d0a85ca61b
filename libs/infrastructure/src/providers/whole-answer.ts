/** A chat completion that comes whole: its bytes are kept as they are, and parsed once. */
import type { Completion, ProviderCall, UpstreamError } from '@atp/domain/adapter'
import {
  type ChatAnswer,
  choicesOf,
  finishReasonOf,
  isError,
  parseAnswer,
  refusedIn,
  writtenText,
} from './chat-completion.ts'
import { countTokens } from './tokenizer.ts'
import type { Upstream } from './upstream.ts'
import { readUsage, usageOf } from './usage.ts'
import { WholeBody } from './whole-body.ts'

/** More than any model writes. */
export const MAX_ANSWER_BYTES = 64 * 1024 * 1024

export class WholeAnswer extends WholeBody<Completion> {
  readonly #call: ProviderCall

  constructor(
    upstream: Upstream,
    call: ProviderCall,
    resolve: (completion: Completion) => void,
    reject: (error: UpstreamError) => void,
  ) {
    super({ upstream, signal: call.signal, maxBytes: MAX_ANSWER_BYTES }, resolve, reject)
    this.#call = call
  }

  protected read(bytes: Buffer): Completion | null {
    const answer = parseAnswer(bytes.toString())
    if (answer === null) this.malformed('something else than a JSON object')
    else if (isError(answer)) this.errorUnderSuccess(bytes)
    else if (!Array.isArray(answer.choices)) this.malformed('JSON that is no chat completion')
    else return this.#completion(bytes, answer)
    return null
  }

  #completion(bytes: Buffer, answer: ChatAnswer): Completion {
    return {
      contentType: this.contentType,
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
