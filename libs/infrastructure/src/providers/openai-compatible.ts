/** The provider for every upstream that speaks OpenAI's chat completions: OpenAI itself, vLLM, Ollama, OpenRouter and many more. */
import { type Clock, systemClock } from '@atp/core/clock'
import type { Milliseconds } from '@atp/core/units'
import type {
  Completion,
  CompletionStream,
  EmbeddingAnswer,
  EmbeddingCall,
  Provider,
  ProviderCall,
  Responses,
} from '@atp/domain/adapter'
import { Pool } from 'undici'
import { callHeaders, type HeaderSet } from './call-headers.ts'
import { ChatStream } from './chat-stream.ts'
import { type ConnectionOptions, endpointOf } from './connection.ts'
import type { TimeLimits } from './deadlines.ts'
import { EmbeddingList } from './embedding-list.ts'
import { listModels } from './list-models.ts'
import { type MadeOfSecrets, withCurrentKey } from './made-of-secrets.ts'
import { type OutputLimitField, ownBody, requestBody } from './request-body.ts'
import { responsesOf } from './responses/responses-of.ts'
import { StreamedAnswer } from './streamed-answer.ts'
import type { Upstream } from './upstream.ts'
import { WholeAnswer } from './whole-answer.ts'

export interface OpenAiCompatibleOptions extends ConnectionOptions {
  /** Whether a stream is asked for its usage where the client did not ask; some upstreams refuse `stream_options`. */
  readonly streamUsage: boolean
  /** Default: `max_completion_tokens`. */
  readonly outputLimitField?: OutputLimitField
  readonly timeouts: TimeLimits & { readonly connect: Milliseconds }
  /** Calls in flight at once; more wait, on their own time limits. */
  readonly maxConnections: number
  readonly clock?: Clock
}

/**
 * Opens no connection until the first call.
 * @throws {AtpError} `invalid_config` where the URL, the key or a header cannot be sent
 */
export function createOpenAiCompatibleProvider(options: OpenAiCompatibleOptions): Provider {
  return new OpenAiCompatibleProvider(options)
}

class OpenAiCompatibleProvider implements Provider {
  readonly #upstream: Upstream
  readonly #embeddings: Upstream
  readonly responses: Responses
  readonly #modelsPath: string
  readonly #headers: MadeOfSecrets<HeaderSet>
  readonly #streamUsage: boolean
  readonly #outputLimitField: OutputLimitField | undefined

  constructor(options: OpenAiCompatibleOptions) {
    const { origin, path } = endpointOf(options, 'chat/completions')
    this.#modelsPath = endpointOf(options, 'models').path
    this.#headers = callHeaders(options)
    this.#streamUsage = options.streamUsage
    this.#outputLimitField = options.outputLimitField
    this.#upstream = {
      name: `adapter ${options.adapterId}`,
      pool: new Pool(origin, {
        connections: options.maxConnections,
        connectTimeout: options.timeouts.connect,
        // Ours count from the call on, through the wait for a connection too.
        headersTimeout: 0,
        bodyTimeout: 0,
        // On HTTP/1.1 one call has one connection: to cancel is to close it, and a slow reader holds up nobody else.
        allowH2: false,
      }),
      path,
      limits: options.timeouts,
      clock: options.clock ?? systemClock,
      redact: body => this.#headers.redact(body),
    }
    const responsesPath = endpointOf(options, 'responses').path
    this.responses = responsesOf({ ...this.#upstream, path: responsesPath }, this.#headers)
    this.#embeddings = { ...this.#upstream, path: endpointOf(options, 'embeddings').path }
  }

  async complete(call: ProviderCall): Promise<Completion> {
    const body = requestBody(call, null, this.#outputLimitField)
    return withCurrentKey(
      this.#headers,
      ({ whole }) =>
        new Promise((resolve, reject) =>
          new WholeAnswer(this.#upstream, call, resolve, reject).send(whole, body),
        ),
    )
  }

  async stream(call: ProviderCall): Promise<CompletionStream> {
    const onlyWeAsk = this.#streamUsage && call.body.stream_options?.include_usage !== true
    const body = requestBody(call, { askForUsage: onlyWeAsk }, this.#outputLimitField)
    return withCurrentKey(
      this.#headers,
      ({ stream }) =>
        new Promise((resolve, reject) =>
          new StreamedAnswer(
            this.#upstream,
            call.signal,
            new ChatStream(call.body, onlyWeAsk),
            resolve,
            reject,
          ).send(stream, body),
        ),
    )
  }

  async embed(call: EmbeddingCall): Promise<EmbeddingAnswer> {
    const body = JSON.stringify(ownBody(call))
    return withCurrentKey(
      this.#headers,
      ({ whole }) =>
        new Promise((resolve, reject) =>
          new EmbeddingList(this.#embeddings, call, resolve, reject).send(whole, body),
        ),
    )
  }

  listModels(signal: AbortSignal): Promise<void> {
    return withCurrentKey(this.#headers, ({ whole }) =>
      listModels({ ...this.#upstream, path: this.#modelsPath }, whole, signal),
    )
  }

  /** Lets the calls in flight end. */
  close(): Promise<void> {
    return this.#upstream.pool.close()
  }
}
