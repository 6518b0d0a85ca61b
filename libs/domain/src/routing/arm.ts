/** An arm is a model served by an adapter: what the router chooses between. */
import type { AdapterId, ArmId } from '@atp/core/ids'

/**
 * `embeddings`: it makes vectors of texts, and answers no chats. `reasoning`: it takes `reasoning_effort`. `responses`: its adapter
 * speaks OpenAI's Responses, too.
 */
export type Capability =
  | 'tools'
  | 'json_mode'
  | 'structured_outputs'
  | 'vision'
  | 'streaming'
  | 'embeddings'
  | 'reasoning'
  | 'audio_input'
  | 'pdf'
  | 'responses'

/** US dollars per million tokens: the list price, known and never learned. */
export interface Price {
  readonly inputUsdPerMtok: number
  readonly outputUsdPerMtok: number
}

export interface Arm {
  readonly id: ArmId
  readonly adapterId: AdapterId
  /** What the client calls the model: the second half of the id. */
  readonly model: string
  /** What the upstream calls it. */
  readonly upstreamModel: string
  /** Of the configuration, since ever; dated ones take its place from their moments on. */
  readonly price: Price
  /** Tokens of input and output together. */
  readonly contextWindow: number
  readonly maxOutputTokens: number
  readonly capabilities: ReadonlySet<Capability>
  /** What is believed of the quality before any answer was judged: Beta(mean * strength, (1 - mean) * strength). */
  readonly qualityPrior: { readonly mean: number; readonly strength: number }
  /** Most of the routed requests that it may get, in [0, 1]; without it, as many as it deserves. */
  readonly canaryShare?: number
  /** Believed output tokens and latency before the first call. */
  readonly expectedOutputTokens: number
  readonly expectedLatencyMs: number
}
