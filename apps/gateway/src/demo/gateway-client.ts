/** What the demo asks of a gateway, through the same public door as everybody. */
import { DemoError } from './demo-error.ts'

/** The part of `POST /v1/ask`'s answer that the demo reads. */
export interface AskAnswer {
  readonly decision_id: string
  /** The arm that answered: `alpha/sim-mini`. */
  readonly model: string
  readonly text: string | null
  readonly cost_usd: number
  readonly latency_ms: number
}

/** The gateway took the request and answered with an error. */
export class RefusedError extends Error {}

export class GatewayClient {
  readonly #base: string
  readonly #headers: Readonly<Record<string, string>>
  readonly #signal: AbortSignal

  /**
   * @param key null where nobody is asked for one
   * @param signal ends every call that is under way
   */
  constructor(url: string, key: string | null, signal: AbortSignal) {
    this.#base = url.replace(/\/+$/, '')
    this.#headers = key === null ? {} : { authorization: `Bearer ${key}` }
    this.#signal = signal
  }

  /** The ids of the models behind the gateway. */
  async arms(): Promise<string[]> {
    const list = (await this.#call('GET', '/v1/models')) as { data: { id: string; atp?: unknown }[] }
    return list.data.filter(({ atp }) => atp !== undefined).map(({ id }) => id)
  }

  ask(question: {
    readonly prompt: string
    readonly quality?: string
    readonly model?: string
  }): Promise<AskAnswer> {
    return this.#call('POST', '/v1/ask', question) as Promise<AskAnswer>
  }

  async observe(decisionId: string, quality: number): Promise<void> {
    await this.#call('POST', '/v1/observe', { decision_id: decisionId, quality })
  }

  /**
   * @throws {RefusedError} on an error status
   * @throws {DemoError} where nobody answers, or somebody who is no gateway
   */
  async #call(method: 'GET' | 'POST', path: string, body?: object): Promise<unknown> {
    const response = await this.#fetch(path, {
      method,
      signal: this.#signal,
      headers: { ...this.#headers, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    const text = await response.text()
    if (!response.ok) throw new RefusedError(`${method} ${path}: ${response.status} ${reasonIn(text)}`)
    try {
      return JSON.parse(text)
    } catch (cause) {
      throw new DemoError(`${this.#base} is no ATP gateway: ${method} ${path} is not answered with JSON`, {
        cause,
      })
    }
  }

  async #fetch(path: string, request: RequestInit): Promise<Response> {
    try {
      return await fetch(this.#base + path, request)
    } catch (cause) {
      if (this.#signal.aborted) throw new DemoError('stopped before the gateway answered', { cause })
      const reason = reasonOf(cause)
      throw new DemoError(
        `no gateway answers at ${this.#base} (${reason}). Start one with \`npm run up\`, or say where it is with --url.`,
        { cause },
      )
    }
  }
}

function reasonOf(error: unknown): string {
  const { cause } = error as { cause?: { code?: string; message?: string } }
  return cause?.code ?? cause?.message ?? String(error)
}

const LONGEST_REASON = 300

/** The sentence in a problem document or an OpenAI error; otherwise the body as it came. */
function reasonIn(body: string): string {
  try {
    const { detail, error } = JSON.parse(body) as { detail?: string; error?: { message?: string } }
    return detail ?? error?.message ?? body.slice(0, LONGEST_REASON)
  } catch {
    return body.slice(0, LONGEST_REASON)
  }
}
