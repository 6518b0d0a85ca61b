/** An upstream that takes some keys and refuses others with 401. */
import type { ServerResponse } from 'node:http'
import { completionOf, ScriptedUpstream, type UpstreamRequest } from './scripted-upstream.ts'

export class KeyedUpstream implements AsyncDisposable {
  readonly accepted: Set<string>
  /** How often each key was used. */
  readonly used: ReadonlyMap<string, number>
  readonly #upstream: ScriptedUpstream

  private constructor(upstream: ScriptedUpstream, accepted: Set<string>, used: ReadonlyMap<string, number>) {
    this.#upstream = upstream
    this.accepted = accepted
    this.used = used
  }

  static async start(keys: readonly string[]): Promise<KeyedUpstream> {
    const accepted = new Set(keys)
    const used = new Map<string, number>()
    const upstream = await ScriptedUpstream.start((request, response) => {
      const key = String(request.headers.authorization).replace('Bearer ', '')
      used.set(key, (used.get(key) ?? 0) + 1)
      if (accepted.has(key)) answer(request, response)
      else refuse(key, response)
    })
    return new KeyedUpstream(upstream, accepted, used)
  }

  get url(): string {
    return this.#upstream.url
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#upstream[Symbol.asyncDispose]()
  }
}

/** As some do, it repeats the key. */
function refuse(key: string, response: ServerResponse): void {
  response.writeHead(401, { 'content-type': 'application/json' })
  response.end(JSON.stringify({ error: { message: `Incorrect API key provided: ${key}` } }))
}

function answer({ body }: UpstreamRequest, response: ServerResponse): void {
  if (body.stream !== true) {
    response.setHeader('content-type', 'application/json')
    response.end(JSON.stringify(completionOf('Hello.', { prompt_tokens: 10, completion_tokens: 5 })))
    return
  }
  response.setHeader('content-type', 'text/event-stream')
  const chunk = (delta: object, finish_reason: string | null) =>
    `data: ${JSON.stringify({ object: 'chat.completion.chunk', choices: [{ index: 0, delta, finish_reason }] })}\n\n`
  response.end(`${chunk({ content: 'Hello.' }, null)}${chunk({}, 'stop')}data: [DONE]\n\n`)
}
