/** `POST .../embeddings` on one account: OpenAI's wire format, and the faults of the model as for chat. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { embeddingOf } from './embedding.ts'
import { type EmbeddingRequest, parseEmbeddingRequest } from './embedding-request.ts'
import { type Endpoint, modelNotFound, servedBy } from './endpoint.ts'
import { sendJson } from './openai-error.ts'
import { readBody } from './read-body.ts'
import { reached } from './reply.ts'
import { countTokens } from './tokens.ts'

/** @throws {OpenAiError} before anything was sent */
export async function serveEmbeddings(
  endpoint: Endpoint,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const body = await readBody(request)
  if (body === null) return
  const wanted = parseEmbeddingRequest(body)
  const upstream = endpoint.find(wanted.model)
  const { dimensions } = upstream?.model ?? {}
  if (upstream === undefined || dimensions === undefined) throw modelNotFound(wanted.model)
  await servedBy(upstream, response, async gone => {
    const { firstTokenMs } = upstream.pace(wanted.texts.join(' '))
    if (!(await reached(performance.now() + firstTokenMs * endpoint.timeScale, gone))) return 'aborted'
    const tokens = countTokens(wanted.texts)
    upstream.bill(tokens, 0)
    sendJson(response, 200, answerOf(wanted, dimensions, tokens))
    return 'completed'
  })
}

function answerOf({ model, texts, encoding }: EmbeddingRequest, dimensions: number, tokens: number): object {
  return {
    object: 'list',
    data: texts.map((text, index) => {
      const vector = embeddingOf(text, dimensions)
      const embedding =
        encoding === 'float' ? Array.from(vector) : Buffer.from(vector.buffer).toString('base64')
      return { object: 'embedding', index, embedding }
    }),
    model,
    usage: { prompt_tokens: tokens, total_tokens: tokens },
  }
}
