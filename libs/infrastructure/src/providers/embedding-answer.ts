/** A call whose answer is one vector. */
import type { UpstreamError } from '@atp/domain/adapter'
import { BoundedBody } from './bounded-body.ts'
import type { Upstream } from './upstream.ts'
import { UpstreamCall } from './upstream-call.ts'

/** Many times what a vector of 8,192 figures takes. */
const MAX_ANSWER_BYTES = 4 * 1024 * 1024

export class EmbeddingAnswer extends UpstreamCall {
  readonly #resolve: (vector: Float64Array) => void
  readonly #reject: (error: UpstreamError) => void
  readonly #body = new BoundedBody(MAX_ANSWER_BYTES)

  constructor(
    upstream: Upstream,
    signal: AbortSignal,
    resolve: (vector: Float64Array) => void,
    reject: (error: UpstreamError) => void,
  ) {
    super(upstream, signal)
    this.#resolve = resolve
    this.#reject = reject
  }

  protected answerStarted(): void {}

  protected answerData(chunk: Buffer): void {
    if (!this.#body.add(chunk)) this.malformed('an answer that is too long')
  }

  protected answerEnded(): void {
    const vector = vectorIn(this.#body.bytes().toString())
    if (vector === null) this.malformed('something else than an embedding')
    else this.#resolve(vector)
  }

  protected failed(error: UpstreamError): void {
    this.#reject(error)
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
    return (JSON.parse(json) as EmbeddingList | null)?.data?.[0]?.embedding
  } catch {
    return null
  }
}

interface EmbeddingList {
  readonly data?: readonly { readonly embedding?: unknown }[]
}
