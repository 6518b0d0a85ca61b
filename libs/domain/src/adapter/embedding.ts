/** Texts that become vectors: what is asked of an embedding model, and what it answers. */
import type { Usage } from '../observation/observation.ts'

/** An OpenAI embeddings request: the fields that we read, the rest passed through. */
export interface EmbeddingBody {
  readonly model: string
  readonly input: EmbeddingInput
  /** How each vector is written: `float`, or `base64` of its 32-bit figures, little-endian; where nothing is said, `float`. */
  readonly encoding_format?: string | null
  /** Figures of each vector, where the model lets them be fewer. */
  readonly dimensions?: number | null
  readonly [field: string]: unknown
}

/** One text or several, each a string or its tokens. */
export type EmbeddingInput = string | readonly string[] | readonly number[] | readonly (readonly number[])[]

export interface EmbeddingCall {
  readonly upstreamModel: string
  /** The client's body as it came; the provider rewrites `model` and strips what is ours. */
  readonly body: EmbeddingBody
  /** The client went away: the upstream is cancelled at once. */
  readonly signal: AbortSignal
}

/** An answer in OpenAI's wire format: the upstream's own bytes, or what a provider of another format made of its vectors. */
export interface EmbeddingAnswer {
  readonly contentType: string
  readonly bytes: Buffer
  /** Of input alone: a vector is no token. */
  readonly usage: Usage
}
