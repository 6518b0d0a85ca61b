/** An upstream that does exactly what a test says: the bytes, and when. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface UpstreamRequest {
  /** With its query. */
  readonly path: string
  readonly body: Record<string, unknown>
  readonly headers: IncomingMessage['headers']
  /** Resolves when the caller hangs up before the answer is complete. */
  readonly hungUp: Promise<void>
}

export type Script = (request: UpstreamRequest, response: ServerResponse) => void | Promise<void>

export class ScriptedUpstream implements AsyncDisposable {
  readonly url: string
  readonly requests: UpstreamRequest[] = []
  readonly #server: Server

  private constructor(server: Server) {
    this.#server = server
    this.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`
  }

  static async start(script: Script): Promise<ScriptedUpstream> {
    let upstream: ScriptedUpstream | undefined
    const server = createServer(async (incoming, response) => {
      const chunks: Buffer[] = []
      for await (const chunk of incoming) chunks.push(chunk as Buffer)
      const request: UpstreamRequest = {
        path: incoming.url ?? '',
        body: JSON.parse(Buffer.concat(chunks).toString()) as Record<string, unknown>,
        headers: incoming.headers,
        hungUp: new Promise(resolve => {
          response.once('close', () => {
            if (!response.writableFinished) resolve()
          })
        }),
      }
      upstream?.requests.push(request)
      await script(request, response)
    })
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
    upstream = new ScriptedUpstream(server)
    return upstream
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise(resolve => this.#server.close(resolve))
  }
}

/** A gateway configuration with one adapter, `up`, that serves these models from the upstream. */
export function configFor(upstream: { readonly url: string }, models: readonly string[] = ['model']) {
  return {
    adapters: [
      {
        id: 'up',
        base_url: upstream.url,
        models: models.map(name => ({ name, input_usd_per_mtok: 1, output_usd_per_mtok: 2 })),
      },
    ],
  }
}

/** A whole answer in OpenAI's format. */
export function completionOf(
  text: string,
  usage: { prompt_tokens: number; completion_tokens: number } | null,
) {
  return {
    id: 'chatcmpl-1',
    object: 'chat.completion',
    created: 1,
    model: 'model',
    choices: [{ index: 0, message: { role: 'assistant', content: text }, finish_reason: 'stop' }],
    ...(usage === null
      ? {}
      : { usage: { ...usage, total_tokens: usage.prompt_tokens + usage.completion_tokens } }),
  }
}
