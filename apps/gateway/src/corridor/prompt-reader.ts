/** What a prompt looks like and, where a model embeds prompts, what it is about. A request never waits for that beyond its time-out. */
import type { Clock } from '@atp/core/clock'
import type { ChatBody, CircuitBreaker } from '@atp/domain/adapter'
import { AUTO, featuresOf, type PromptEmbedder, withEmbedding } from '@atp/domain/routing'
import type { Metrics } from '@atp/infrastructure/telemetry'
import type { NativeModule } from '@atp/native'
import { promptText } from './prompt-text.ts'
import { asUpstreamError } from './upstream-failure.ts'

export interface Embedding {
  /** Keeps the time-out. */
  readonly embedder: PromptEmbedder
  /** A model that fails must not hold up every request for its time-out. */
  readonly breaker: CircuitBreaker
  readonly metrics: Pick<Metrics, 'embedded'>
  readonly clock: Clock
}

export class PromptReader {
  readonly #native: Pick<NativeModule, 'promptFeatures'>
  readonly #embedding: Embedding | null

  /** @param embedding null where no model embeds prompts: then nobody is called, and there are no further features */
  constructor(native: Pick<NativeModule, 'promptFeatures'>, embedding: Embedding | null) {
    this.#native = native
    this.#embedding = embedding
  }

  /** Features of the embedding are 0 where it failed or was late, and where the client names a model: nothing hangs on it then. */
  async read(body: ChatBody, signal: AbortSignal): Promise<Float64Array> {
    const text = promptText(body)
    const features = featuresOf(text, this.#native)
    if (this.#embedding === null) return features
    const isAsked = body.model === AUTO && text !== ''
    return withEmbedding(features, isAsked ? await vectorOf(text, this.#embedding, signal) : null)
  }
}

async function vectorOf(
  text: string,
  { embedder, breaker, metrics, clock }: Embedding,
  signal: AbortSignal,
): Promise<Float64Array | null> {
  const permit = breaker.tryAcquire(clock.monotonic())
  if (permit === null) {
    metrics.embedded('skipped')
    return null
  }
  try {
    const vector = await embedder.embed(text, signal)
    breaker.onSuccess(permit, clock.monotonic())
    metrics.embedded('success')
    return vector
  } catch (error) {
    const { failure, retryAfter } = asUpstreamError(error)
    // A client that left, or a prompt that it would not have, says nothing of the model.
    if (failure === 'cancelled' || failure === 'rejected') breaker.onNeutral(permit)
    else if (failure === 'rate_limited') breaker.onRateLimited(permit, clock.monotonic(), retryAfter)
    else breaker.onFailure(permit, clock.monotonic())
    metrics.embedded(failure)
    return null
  }
}
