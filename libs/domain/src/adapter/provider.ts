/** The port to an upstream: one call, whole or streamed, and one closed way to fail. */
import type { FieldProblem } from '@atp/core/errors'
import type { Milliseconds } from '@atp/core/units'
import type { Usage } from '../observation/observation.ts'
import type { EmbeddingAnswer, EmbeddingCall } from './embedding.ts'
import type { Responses } from './response.ts'

/** An OpenAI chat completion request: the fields that we read, the rest passed through. */
export interface ChatBody {
  readonly model: string
  readonly messages: readonly ChatMessage[]
  readonly stream?: boolean | null
  readonly stream_options?: { readonly include_usage?: boolean } | null
  readonly max_tokens?: number | null
  readonly max_completion_tokens?: number | null
  /** Choices wanted: the answer is written, and billed, so many times. */
  readonly n?: number | null
  readonly tools?: unknown
  readonly functions?: unknown
  readonly response_format?: unknown
  readonly [field: string]: unknown
}

/** What the provider writes into the prompt beside the messages: billed as input, and in the context window. */
export const PROMPT_FIELDS = ['tools', 'functions', 'response_format'] as const

export interface ChatMessage {
  readonly role: string
  readonly content?: unknown
  readonly [field: string]: unknown
}

/** A call but for what is asked. */
export interface CallTerms {
  readonly upstreamModel: string
  /** Tokens that each choice of the answer may have; the lower of it and the client's own limit is sent. */
  readonly maxOutputTokens?: number
  /** The client went away: the upstream is cancelled at once. */
  readonly signal: AbortSignal
}

export interface ProviderCall<Body = ChatBody> extends CallTerms {
  /** The client's body as it came; the provider rewrites `model` and strips what is ours. */
  readonly body: Body
}

/** A whole answer: the upstream's own bytes, and what we read in them. */
export interface Completion {
  readonly contentType: string
  readonly bytes: Buffer
  /** The first choice's text, and null where it has none (tool calls). */
  readonly text: string | null
  readonly finishReason: string | null
  /** The model said that it would not answer. */
  readonly refused: boolean
  readonly usage: Usage
}

/** What is known of a streamed answer once it has ended. */
export interface StreamSummary {
  readonly usage: Usage
  readonly finishReason: string | null
  /** The model said that it would not answer. */
  readonly refused: boolean
  /** False where the upstream closed the stream in good order but without saying that the answer was complete. */
  readonly complete: boolean
}

/** A streamed answer whose first content has arrived. */
export interface CompletionStream {
  readonly contentType: string
  /**
   * The upstream's events, bytes unchanged, but for a usage chunk that only the gateway asked for.
   * Ends when the upstream ended; throws an `UpstreamError` where it broke off. Leaving the loop cancels the upstream.
   */
  readonly events: AsyncIterable<Buffer>
  /** Whether these of its events tell the client that the answer is complete; where it is left out, `[DONE]` does. */
  readonly isLast?: ((events: Buffer) => boolean) | undefined
  /** Valid once `events` has ended or thrown. */
  summary(): StreamSummary
  /** The first choice's text, put together when asked for; null where it was too long to keep. */
  text(): string | null
}

export interface Provider {
  /** @throws {UpstreamError} */
  complete(call: ProviderCall): Promise<Completion>
  /**
   * Resolves with the first content (text, a refusal, reasoning, a call of a tool, or the finish), and with all that came before it: until
   * then a fallback is possible. A role, a comment, an empty delta and usage alone are no content. The limit on the first token counts up to it.
   * @throws {UpstreamError} whatever befell the stream before its first content, also where the upstream had begun to answer
   */
  stream(call: ProviderCall): Promise<CompletionStream>
  /**
   * Left out where its kind of upstream has no embedding models.
   * @throws {UpstreamError}
   */
  embed?(call: EmbeddingCall): Promise<EmbeddingAnswer>
  /** Left out where its kind of upstream does not speak OpenAI's Responses. */
  readonly responses?: Responses
  /** Resolves where the upstream is there and takes our key, at no cost. Not every kind has such a call. @throws {UpstreamError} */
  listModels?(signal: AbortSignal): Promise<void>
  close(): Promise<void>
}

/**
 * - `rejected`: 400, 413, 422 and their like: the upstream finds the request wrong.
 * - `unauthorized`: 401, 403: the account is wrong, not the request.
 * - `rate_limited`: 429. `failed`: 5xx, 404, a connection that broke, an error event before any content. `malformed`: bytes that make no sense.
 * - `unsupported`: the request asks for what this kind of upstream has no words for: nothing was sent, `problems` says what.
 * - `internal`: our own code failed: nothing is said of the upstream.
 * - `timeout`: see `phase`. `cut`: the stream broke off after its first content. `cancelled`: by our own signal, its reason as cause.
 */
export type UpstreamFailure =
  | 'rejected'
  | 'unauthorized'
  | 'rate_limited'
  | 'failed'
  | 'malformed'
  | 'unsupported'
  | 'internal'
  | 'timeout'
  | 'cut'
  | 'cancelled'

export class UpstreamError extends Error {
  readonly failure: UpstreamFailure
  readonly status: number | undefined
  readonly phase: 'total' | 'first_token' | 'idle' | undefined
  readonly retryAfter: Milliseconds | undefined
  /** The upstream's own error body, at most 64 KiB of it: shown to the client only for `rejected`. */
  readonly body: Buffer | undefined
  /** Of the request, where it is `unsupported`. */
  readonly problems: readonly FieldProblem[]

  constructor(
    failure: UpstreamFailure,
    message: string,
    options: {
      readonly status?: number
      readonly phase?: 'total' | 'first_token' | 'idle'
      readonly retryAfter?: Milliseconds
      readonly body?: Buffer
      readonly problems?: readonly FieldProblem[]
      readonly cause?: unknown
    } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.name = 'UpstreamError'
    this.failure = failure
    this.status = options.status
    this.phase = options.phase
    this.retryAfter = options.retryAfter
    this.body = options.body
    this.problems = options.problems ?? []
  }
}
