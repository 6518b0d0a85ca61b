/** Step 2 for texts to embed: always by one named model, whose vectors are no others' to compare with. */
import { AtpError } from '@atp/core/errors'
import type { AdapterRegistry, EmbeddingBody, EmbeddingInput } from '@atp/domain/adapter'
import { AUTO, type Preset, type RoutingRequest } from '@atp/domain/routing'
import { mayUse } from '@atp/domain/tenant'
import type { Exchange } from './exchange.ts'
import { namedRequest } from './named-request.ts'

export interface EmbeddingRequestsOptions {
  readonly registry: Pick<AdapterRegistry, 'arms'>
  /** What counts where several adapters serve the model, and nobody says. */
  readonly preference: Preset
  readonly countTokens: (input: EmbeddingInput) => number
}

export class EmbeddingRequests {
  readonly #options: EmbeddingRequestsOptions

  constructor(options: EmbeddingRequestsOptions) {
    this.#options = options
  }

  /** @throws {AtpError} `invalid_request` where the choice of the model is left to us */
  request(exchange: Exchange<EmbeddingBody>): RoutingRequest {
    const { body } = exchange
    if (body.model === AUTO) throw this.#mustName(exchange)
    return namedRequest(exchange, this.#options.preference, {
      required: REQUIRED,
      inputBytes: bytesOf(body.input),
      countTokens: () => this.#options.countTokens(body.input),
      // A vector is no token.
      maxOutputTokens: 0,
    })
  }

  #mustName({ caller }: Exchange<EmbeddingBody>): AtpError {
    const models = this.#options.registry
      .arms()
      .filter(arm => arm.capabilities.has('embeddings') && mayUse(caller.tenant, arm))
    return new AtpError('invalid_request', {
      detail: 'embeddings of different models cannot be compared: name the one that made those you have',
      problems: [
        {
          field: 'model',
          found: AUTO,
          allowed:
            models.length === 0
              ? 'an embedding model, and there is none'
              : `one of ${models.map(({ id }) => id).join(', ')}`,
        },
      ],
    })
  }
}

const REQUIRED = ['embeddings'] as const

/** What a token is reserved as: see `estimateOf`, which takes a token for so many bytes. */
const BYTES_PER_TOKEN = 3

function bytesOf(input: EmbeddingInput): number {
  if (typeof input === 'string') return Buffer.byteLength(input)
  let bytes = 0
  for (const each of input) {
    if (typeof each === 'string') bytes += Buffer.byteLength(each)
    else bytes += (typeof each === 'number' ? 1 : each.length) * BYTES_PER_TOKEN
  }
  return bytes
}
