/**
 * One call to an upstream whose format the SDK speaks: the SDK writes the request and reads the answer, and this is the `fetch`
 * that it does so through. So connections, time limits, cancellation, refusals and their bodies are those of every other upstream.
 */
import type { UpstreamError } from '@atp/domain/adapter'
import type { TimeLimits } from '../deadlines.ts'
import type { Upstream } from '../upstream.ts'
import { type ResponseHeaders, UpstreamCall } from '../upstream-call.ts'
import type { Fetch } from './kind.ts'

export interface ExchangeOptions {
  readonly upstream: Upstream
  readonly signal: AbortSignal
  /** Of the configuration; they win over the SDK's. */
  readonly headers: readonly (readonly [name: string, value: string])[]
}

export abstract class Exchange extends UpstreamCall {
  readonly #headers: ExchangeOptions['headers']
  readonly #response = Promise.withResolvers<Response>()
  #sent = false
  #failure: UpstreamError | null = null

  constructor({ upstream, signal, headers }: ExchangeOptions, limits?: TimeLimits) {
    super(upstream, signal, limits)
    this.#headers = headers
    // Whether anybody waits for it is the SDK's affair.
    this.#response.promise.catch(() => undefined)
  }

  /** For one request: a second one, which some SDK would send to go on with an answer, is refused. */
  readonly fetch: Fetch = (input, init) => {
    if (this.#sent) return Promise.reject(new TypeError('one call is one request'))
    this.#sent = true
    const { pathname, search } = new URL(String(input))
    this.send(this.#allHeaders(new Headers(init?.headers)), String(init?.body), pathname + search)
    return this.#response.promise
  }

  /** Why it ended early: what the SDK makes of that says less. */
  protected get failure(): UpstreamError | null {
    return this.#failure
  }

  /** The SDK is given the answer. */
  protected respond(
    body: Uint8Array<ArrayBuffer> | ReadableStream<Uint8Array>,
    headers: ResponseHeaders,
  ): void {
    const single = Object.entries(headers).filter(
      (header): header is [string, string] => typeof header[1] === 'string',
    )
    this.#response.resolve(new Response(body, { headers: single }))
  }

  protected override failed(error: UpstreamError): void {
    this.#failure = error
    this.#response.reject(error)
  }

  #allHeaders(headers: Headers): string[] {
    headers.set('accept-encoding', 'identity')
    headers.set('user-agent', 'atp-gateway')
    for (const [name, value] of this.#headers) headers.set(name, value)
    return [...headers].flat()
  }
}
