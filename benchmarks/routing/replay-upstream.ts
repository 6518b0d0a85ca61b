/** An upstream that answers as the recorded models did: each prompt with what the model's answer cost, and a text that says its reward. */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import type { RecordedData } from './data.ts'

/** So that an answer of n tokens costs n millionths of a dollar. */
export const USD_PER_MTOK = 1

export interface ReplayUpstream {
  readonly url: string
  close(): Promise<void>
}

/** Models are named by their place in the data: `m0`, `m1`, ... */
export async function startReplayUpstream({ rows }: RecordedData): Promise<ReplayUpstream> {
  const rowOf = new Map(rows.map(row => [row.prompt, row]))
  const server = createServer(async (request, response) => {
    const { model, messages } = JSON.parse(await text(request)) as {
      readonly model: string
      readonly messages: readonly { readonly content: string }[]
    }
    const row = rowOf.get(messages[0]?.content ?? '')
    const arm = Number(model.slice(1))
    const reward = row?.rewards[arm]
    if (row === undefined || reward === undefined) {
      response.writeHead(400, { 'content-type': 'application/json' })
      response.end(
        JSON.stringify({ error: { message: 'no such prompt or model', type: 'invalid_request_error' } }),
      )
      return
    }
    const tokens = Math.round(((row.costs[arm] as number) * 1e6) / USD_PER_MTOK)
    response.writeHead(200, { 'content-type': 'application/json' })
    response.end(
      JSON.stringify({
        id: 'replayed',
        object: 'chat.completion',
        created: 0,
        model,
        choices: [
          { index: 0, message: { role: 'assistant', content: String(reward) }, finish_reason: 'stop' },
        ],
        usage: { prompt_tokens: 0, completion_tokens: tokens, total_tokens: tokens },
      }),
    )
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () =>
      new Promise(resolve => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}
