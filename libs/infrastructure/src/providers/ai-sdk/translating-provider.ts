/** The provider for upstreams whose format the SDK speaks. What is the same for every call of them is here once. */
import {
  type Completion,
  type CompletionStream,
  type Provider,
  type ProviderCall,
  UpstreamError,
} from '@atp/domain/adapter'
import { type MadeOfSecrets, withCurrentKey } from '../made-of-secrets.ts'
import type { Upstream } from '../upstream.ts'
import { callOptionsOf } from './call-options.ts'
import { completionOf } from './completion.ts'
import type { ExchangeOptions } from './exchange.ts'
import type { Credentials, Fetch, Kind } from './kind.ts'
import { NOWHERE, rehearse } from './rehearsal.ts'
import { StreamedExchange } from './streamed-exchange.ts'
import { WholeExchange } from './whole-exchange.ts'

/** What is made of an upstream's secrets. */
export interface Access {
  readonly credentials: Credentials
  readonly headers: ExchangeOptions['headers']
}

export interface Connection {
  readonly upstream: Upstream
  readonly access: MadeOfSecrets<Access>
  readonly baseUrl: string
  readonly region: string
  /** Tokens that an answer may have, by the upstream's name of the model. */
  readonly outputLimits: ReadonlyMap<string, number>
}

const NOBODY: Credentials = { apiKey: 'none', signing: null }

export class TranslatingProvider implements Provider {
  readonly #kind: Kind
  readonly #connection: Connection

  constructor(kind: Kind, connection: Connection) {
    this.#kind = kind
    this.#connection = connection
  }

  async complete(call: ProviderCall): Promise<Completion> {
    const options = await this.#options(call)
    return this.#tried(async access => {
      const exchange = new WholeExchange(this.#exchange(call, access))
      const result = await exchange.answerOf(this.#model(call, access.credentials, exchange.fetch), options)
      return completionOf(result, call, this.#connection.upstream)
    })
  }

  async stream(call: ProviderCall): Promise<CompletionStream> {
    const options = await this.#options(call)
    return this.#tried(access => {
      const exchange = new StreamedExchange(this.#exchange(call, access), call, this.#kind.knownEvents)
      return exchange.answerOf(this.#model(call, access.credentials, exchange.fetch), options)
    })
  }

  close(): Promise<void> {
    return this.#connection.upstream.pool.close()
  }

  async #options(call: ProviderCall) {
    const outputLimit = this.#connection.outputLimits.get(call.upstreamModel)
    const options = callOptionsOf(call, this.#kind, outputLimit)
    await rehearse(this.#model(call, NOBODY, NOWHERE), options, call.body)
    return options
  }

  #model({ upstreamModel }: ProviderCall, credentials: Credentials, fetch: Fetch) {
    const { baseUrl, region } = this.#connection
    return this.#kind.model({ upstreamModel, baseUrl, region, credentials, fetch })
  }

  #exchange({ signal }: ProviderCall, { headers }: Access): ExchangeOptions {
    return { upstream: this.#connection.upstream, signal, headers }
  }

  #tried<Answer>(attempt: (access: Access) => Promise<Answer>): Promise<Answer> {
    return withCurrentKey(this.#connection.access, access =>
      attempt(access).catch(error => {
        throw this.#kind.isRefusedKey?.(error) === true ? asRefusedKey(error) : error
      }),
    )
  }
}

function asRefusedKey({ message, body }: UpstreamError): UpstreamError {
  const told = body === undefined ? {} : { body }
  return new UpstreamError('unauthorized', `${message}, its way to refuse a key`, { status: 401, ...told })
}
