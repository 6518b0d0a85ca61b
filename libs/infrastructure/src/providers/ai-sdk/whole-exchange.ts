/** A call whose answer comes whole: its bytes are collected, and the SDK reads them. */
import type {
  LanguageModelV4,
  LanguageModelV4CallOptions,
  LanguageModelV4GenerateResult,
} from '@ai-sdk/provider'
import { BoundedBody } from '../bounded-body.ts'
import type { ResponseHeaders } from '../upstream-call.ts'
import { MAX_ANSWER_BYTES } from '../whole-answer.ts'
import { onlyTotal } from '../whole-body.ts'
import { Exchange, type ExchangeOptions } from './exchange.ts'
import { sdkFailure } from './sdk-failure.ts'

export class WholeExchange extends Exchange {
  readonly #body = new BoundedBody(MAX_ANSWER_BYTES)
  #headers: ResponseHeaders = {}

  constructor(options: ExchangeOptions) {
    super(options, onlyTotal(options.upstream.limits))
  }

  /** @throws {UpstreamError} */
  async answerOf(
    model: LanguageModelV4,
    options: LanguageModelV4CallOptions,
  ): Promise<LanguageModelV4GenerateResult> {
    try {
      return await model.doGenerate(options)
    } catch (thrown) {
      const error = this.failure ?? sdkFailure(thrown, this.upstream)
      this.fail(error)
      throw error
    }
  }

  protected answerStarted(headers: ResponseHeaders): void {
    this.#headers = headers
  }

  protected answerData(chunk: Buffer): void {
    if (!this.#body.add(chunk)) this.malformed('an answer that is too long')
  }

  protected answerEnded(): void {
    this.respond(new Uint8Array(this.#body.bytes()), this.#headers)
  }
}
