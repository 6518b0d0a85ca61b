/** A gateway before an upstream that does as the test says, and one that always answers: who is asked first is fixed. */
import { GatewayProcess } from './gateway-process.ts'
import { NEVER_OPEN } from './never-open.ts'
import { get } from './post.ts'
import { type Script, ScriptedUpstream } from './scripted-upstream.ts'
import { seriesOf } from './series.ts'
import { DONE, FINISH, text } from './stream-chunks.ts'

/** What the good one streams. */
export const GOOD = `${text('good')}${FINISH}${DONE}`

export class TwoUpstreams implements AsyncDisposable {
  readonly gateway: GatewayProcess
  readonly #upstreams: readonly ScriptedUpstream[]
  readonly #scripts: { first: Script }

  private constructor(
    gateway: GatewayProcess,
    upstreams: readonly ScriptedUpstream[],
    scripts: { first: Script },
  ) {
    this.gateway = gateway
    this.#upstreams = upstreams
    this.#scripts = scripts
  }

  /** @param models of the upstream that does as the test says: each has figures of its own */
  static async start(
    config: Readonly<Record<string, unknown>>,
    models: readonly string[],
    env: Readonly<Record<string, string>> = {},
  ): Promise<TwoUpstreams> {
    const scripts: { first: Script } = { first: (_request, response) => void response.destroy() }
    const first = await ScriptedUpstream.start((request, response) => scripts.first(request, response))
    const good = await ScriptedUpstream.start((_request, response) => void begun(response).end(GOOD))
    const gateway = await GatewayProcess.start({
      env,
      config: {
        routing: { strategy: 'greedy', quality: 'high', reliability_half_life: '50ms' },
        breaker: NEVER_OPEN,
        adapters: [adapter('first', first, models, 0.9), adapter('good', good, ['model'], 0.1)],
        ...config,
      },
    })
    return new TwoUpstreams(gateway, [first, good], scripts)
  }

  /** What the first one does from now on, with each call. */
  set first(script: Script) {
    this.#scripts.first = script
  }

  /** A stream of this model of the first one, or of whoever takes its place. */
  ask(model: string, path = '/v1/chat/completions', signal?: AbortSignal): Promise<Response> {
    const allow = [`first/${model}`, 'good/model']
    const messages = [{ role: 'user', content: 'hi' }]
    return this.post(
      path,
      path === '/v1/ask' ? { messages, allow } : { model: 'auto', messages, atp: { allow } },
      signal,
    )
  }

  /** A stream of this model and no other. */
  pinned(model: string, path = '/v1/chat/completions', signal?: AbortSignal): Promise<Response> {
    const messages = [{ role: 'user', content: 'hi' }]
    const allow = [`first/${model}`]
    return this.post(
      path,
      path === '/v1/ask' ? { messages, allow } : { model: `first/${model}`, messages },
      signal,
    )
  }

  post(path: string, body: object, signal: AbortSignal | undefined): Promise<Response> {
    return fetch(this.gateway.url + path, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ ...body, stream: true }),
      signal: signal ?? null,
    })
  }

  /** What has become of the calls of a model of the first one. */
  async figures(model: string) {
    const { text: metrics } = await get(this.gateway, '/metrics')
    const of = (name: string, labels: string) => seriesOf(metrics, `${name}{arm="first/${model}"${labels}}`)
    const outcomes = ['success', 'cut', 'timeout', 'cancelled', 'error'].filter(
      outcome => of('atp_attempts_total', `,outcome="${outcome}"`) !== undefined,
    )
    return {
      outcomes,
      output: of('atp_tokens_total', ',direction="output"'),
      costUsd: of('atp_cost_usd_total', ''),
      abandoned: of('atp_signals_total', ',signal="abandoned"'),
    }
  }

  /** Streams that have a client. */
  async streams(): Promise<number | undefined> {
    const { text: metrics } = await get(this.gateway, '/metrics')
    return seriesOf(metrics, 'atp_streams_in_flight')
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.gateway[Symbol.asyncDispose]()
    for (const upstream of this.#upstreams) await upstream[Symbol.asyncDispose]()
  }
}

/** Begins an event stream. */
export function begun(response: Parameters<Script>[1]): Parameters<Script>[1] {
  response.writeHead(200, { 'content-type': 'text/event-stream' })
  response.flushHeaders()
  return response
}

function adapter(id: string, { url }: ScriptedUpstream, models: readonly string[], mean: number) {
  // A belief that no test shakes.
  const quality_prior = { mean, strength: 1e6 }
  return {
    id,
    base_url: url,
    models: models.map(name => ({ name, input_usd_per_mtok: 1, output_usd_per_mtok: 2, quality_prior })),
  }
}
