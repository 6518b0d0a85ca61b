/** `POST .../chat/completions` on one account: check, misbehave if asked to, answer, count. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { answerTo } from './answer.ts'
import { type ChatRequest, parseChatRequest } from './chat-request.ts'
import { OpenAiError, sendError } from './openai-error.ts'
import { readBody } from './read-body.ts'
import { type Ending, type Reply, replyStreamed, replyWhole, stall } from './reply.ts'
import type { UpstreamModel } from './upstream-model.ts'

export interface ChatEndpoint {
  readonly seed: number
  /** Multiplies every latency; 0 answers at once. */
  readonly timeScale: number
  /** The model of that name on the account that was addressed. */
  readonly find: (model: string) => UpstreamModel | undefined
  readonly nextId: () => string
}

/** @throws {OpenAiError} before anything was sent */
export async function serveChatCompletion(
  endpoint: ChatEndpoint,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const body = await readBody(request)
  if (body === null) return
  const chat = parseChatRequest(body)
  const upstream = endpoint.find(chat.model)
  if (upstream === undefined) throw modelNotFound(chat.model)
  const gone = new AbortController()
  response.on('close', () => gone.abort())
  const { stats } = upstream
  stats.in_flight += 1
  try {
    const ending = await answer(endpoint, chat, upstream, response, gone.signal)
    if (ending === 'completed') stats.completed += 1
    else if (ending === 'fault') stats.faults += 1
    else stats.aborted_by_client += 1
  } finally {
    stats.in_flight -= 1
  }
}

async function answer(
  endpoint: ChatEndpoint,
  chat: ChatRequest,
  upstream: UpstreamModel,
  response: ServerResponse,
  gone: AbortSignal,
): Promise<Ending> {
  switch (upstream.admit()) {
    case 'rate_limit':
      sendError(response, rateLimited(upstream))
      return 'fault'
    case 'error':
      sendError(response, failed(upstream))
      return 'fault'
    case 'stall':
      return stall(gone)
    case 'serve': {
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
    }
  }
}

export function modelNotFound(model: string): OpenAiError {
  return new OpenAiError(404, `The model '${model}' does not exist or you do not have access to it.`, {
    param: 'model',
    code: 'model_not_found',
  })
}

function rateLimited({ faults, model }: UpstreamModel): OpenAiError {
  const seconds = faults.retry_after_s ?? 1
  return new OpenAiError(429, `Rate limit reached for ${model.name}. Please try again in ${seconds}s.`, {
    type: 'requests',
    code: 'rate_limit_exceeded',
    headers: {
      'retry-after': String(Math.ceil(seconds)),
      'retry-after-ms': String(Math.round(seconds * 1000)),
    },
  })
}

function failed({ faults }: UpstreamModel): OpenAiError {
  return new OpenAiError(faults.error_status ?? 500, 'The server had an error while processing your request.')
}
