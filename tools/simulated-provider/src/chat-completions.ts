/** `POST .../chat/completions` on one account. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { answerTo } from './answer.ts'
import { parseChatRequest } from './chat-request.ts'
import { type Endpoint, modelNotFound, servedBy } from './endpoint.ts'
import { readBody } from './read-body.ts'
import { type Reply, replyStreamed, replyWhole } from './reply.ts'

/** @throws {OpenAiError} before anything was sent */
export async function serveChatCompletion(
  endpoint: Endpoint,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const body = await readBody(request)
  if (body === null) return
  const chat = parseChatRequest(body)
  const upstream = endpoint.find(chat.model)
  if (upstream === undefined || upstream.model.dimensions !== undefined) throw modelNotFound(chat.model)
  await servedBy(upstream, response, gone => {
    const { firstTokenMs, perTokenMs } = upstream.pace(chat.prompt)
    const { timeScale } = endpoint
    const reply: Reply = {
      response,
      upstream,
      envelope: { id: endpoint.nextId(), created: Math.floor(Date.now() / 1000), model: chat.model },
      answer: answerTo(chat, upstream, endpoint.seed),
      pace: { firstTokenMs: firstTokenMs * timeScale, perTokenMs: perTokenMs * timeScale },
      gone,
    }
    return chat.stream ? replyStreamed(reply, chat.includeUsage) : replyWhole(reply)
  })
}
