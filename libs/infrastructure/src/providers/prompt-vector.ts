/** A call whose answer is one vector. */
import type { UpstreamError } from '@atp/domain/adapter'
import type { Upstream } from './upstream.ts'
import { WholeBody } from './whole-body.ts'

/** Many times what a vector of 8,192 figures takes. */
const MAX_ANSWER_BYTES = 4 * 1024 * 1024

export class PromptVector extends WholeBody<Float64Array> {
  constructor(
    upstream: Upstream,
    signal: AbortSignal,
    resolve: (vector: Float64Array) => void,
    reject: (error: UpstreamError) => void,
  ) {
    super({ upstream, signal, maxBytes: MAX_ANSWER_BYTES }, resolve, reject)
  }

  protected read(bytes: Buffer): Float64Array | null {
    const vector = vectorIn(bytes.toString())
    if (vector === null) this.malformed('something else than an embedding')
    return vector
  }
}

/** @returns null where there is none, or it is no list of finite figures */
function vectorIn(json: string): Float64Array | null {
  const embedding = embeddingIn(json)
  if (!Array.isArray(embedding) || embedding.length === 0) return null
  return embedding.every(Number.isFinite) ? Float64Array.from(embedding) : null
}

function embeddingIn(json: string): unknown {
  try {
    return (JSON.parse(json) as EmbeddingsJson | null)?.data?.[0]?.embedding
  } catch {
    return null
  }
}

interface EmbeddingsJson {
  readonly data?: readonly { readonly embedding?: unknown }[]
}
