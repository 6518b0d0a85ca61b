/** A response that comes whole: its bytes are kept as they are, and parsed once. */
import type { ProviderCall, ResponseAnswer, ResponseBody, UpstreamError } from '@atp/domain/adapter'
import { isError, parseAnswer } from '../chat-completion.ts'
import { countTextTokens } from '../tokenizer.ts'
import type { Upstream } from '../upstream.ts'
import { MAX_ANSWER_BYTES } from '../whole-answer.ts'
import { WholeBody } from '../whole-body.ts'
import { readResponseUsage, responseUsageOf } from './response-tokens.ts'

export class WholeResponse extends WholeBody<ResponseAnswer> {
  readonly #call: ProviderCall<ResponseBody>

  constructor(
    upstream: Upstream,
    call: ProviderCall<ResponseBody>,
    resolve: (answer: ResponseAnswer) => void,
    reject: (error: UpstreamError) => void,
  ) {
    super({ upstream, signal: call.signal, maxBytes: MAX_ANSWER_BYTES }, resolve, reject)
    this.#call = call
  }

  protected read(bytes: Buffer): ResponseAnswer | null {
    const answer = parseAnswer(bytes.toString()) as ResponseJson | null
    if (answer === null) this.malformed('something else than a JSON object')
    else if (isError(answer)) this.errorUnderSuccess(bytes)
    else if (!Array.isArray(answer.output)) this.malformed('JSON that is no response')
    else {
      const { output } = answer
      const usage = responseUsageOf(readResponseUsage(answer.usage), this.#call.body, () =>
        countTextTokens(textsIn(output)),
      )
      return { contentType: this.contentType, bytes, usage }
    }
    return null
  }
}

interface ResponseJson {
  readonly error?: unknown
  readonly output?: unknown
  readonly usage?: unknown
}

/** What the model wrote: text, refusals, and arguments of tools. */
function textsIn(output: readonly unknown[]): string[] {
  return output.flatMap(item => {
    const { content, arguments: given } = (item ?? {}) as { content?: unknown; arguments?: unknown }
    const parts = Array.isArray(content) ? content : []
    return [given, ...parts.flatMap(part => [part?.text, part?.refusal])].filter(
      text => typeof text === 'string',
    )
  })
}
