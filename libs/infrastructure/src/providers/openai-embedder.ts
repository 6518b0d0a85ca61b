/** The embedder for every upstream that speaks OpenAI's `/embeddings`: connections of its own, one time limit from the call on. */
import { type Clock, systemClock } from '@atp/core/clock'
import type { Milliseconds } from '@atp/core/units'
import type { PromptEmbedder } from '@atp/domain/routing'
import { Pool } from 'undici'
import { callHeaders } from './call-headers.ts'
import { type ConnectionOptions, endpointOf } from './connection.ts'
import { withCurrentKey } from './made-of-secrets.ts'
import { PromptVector } from './prompt-vector.ts'
import type { Upstream } from './upstream.ts'

export interface OpenAiEmbedderOptions extends ConnectionOptions {
  /** As the upstream calls it. */
  readonly model: string
  /** `total` is of a call, its wait for a connection included; a connection that comes later serves the next. */
  readonly timeouts: { readonly connect: Milliseconds; readonly total: Milliseconds }
  /** Calls in flight at once; more wait, on their own time limit. */
  readonly maxConnections: number
  readonly clock?: Clock
}

/** Longer prompts are embedded by their beginning: hosted models refuse a text of more than some 8,000 tokens. */
const MOST_CHARACTERS = 8_000

/**
 * Opens no connection until the first call.
 * @throws {AtpError} `invalid_config` where the URL, the key or a header cannot be sent
 */
export function createOpenAiCompatibleEmbedder(options: OpenAiEmbedderOptions): PromptEmbedder {
  const { connect, total } = options.timeouts
  const { origin, path } = endpointOf(options, 'embeddings')
  const headers = callHeaders(options)
  const upstream: Upstream = {
    name: `the embedding model of adapter ${options.adapterId}`,
    pool: new Pool(origin, {
      connections: options.maxConnections,
      connectTimeout: connect,
      headersTimeout: 0,
      bodyTimeout: 0,
      allowH2: false,
    }),
    path,
    limits: { total, firstToken: total, idle: total },
    clock: options.clock ?? systemClock,
    redact: body => headers.redact(body),
  }
  return {
    embed: async (text, signal) => {
      // A pair of surrogates that was cut in half is no text to some upstreams.
      const input = text.slice(0, MOST_CHARACTERS).toWellFormed()
      const body = JSON.stringify({ model: options.model, input })
      return withCurrentKey(
        headers,
        ({ whole }) =>
          new Promise((resolve, reject) =>
            new PromptVector(upstream, signal, resolve, reject).send(whole, body),
          ),
      )
    },
    close: () => upstream.pool.close(),
  }
}
