/** `POST .../responses` on one account: OpenAI's Responses by the types of its client (documented, not recorded); text only, nothing is stored. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { type Answer, answerTo } from './answer.ts'
import { type ChatRequest, invalid, parseChatRequest, parseJson } from './chat-request.ts'
import { type Endpoint, modelNotFound, servedBy } from './endpoint.ts'
import { sendJson } from './openai-error.ts'
import { readBody } from './read-body.ts'
import { cut, type Ending, reached, stall } from './reply.ts'
import type { UpstreamModel } from './upstream-model.ts'

/** @throws {OpenAiError} before anything was sent */
export async function serveResponse(
  endpoint: Endpoint,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const body = await readBody(request)
  if (body === null) return
  const chat = chatOf(body)
  const upstream = endpoint.find(chat.model)
  if (upstream === undefined || upstream.model.dimensions !== undefined) throw modelNotFound(chat.model)
  await servedBy(upstream, response, async gone => {
    const { firstTokenMs } = upstream.pace(chat.prompt)
    if (!(await reached(performance.now() + firstTokenMs * endpoint.timeScale, gone))) return 'aborted'
    const made = responseOf(endpoint.nextId().replace('chatcmpl', 'resp'), chat.model)
    const answer = answerTo(chat, upstream, endpoint.seed)
    if (chat.stream) return stream(response, made, answer, upstream, gone)
    sendJson(response, 200, made(answer))
    return 'completed'
  })
}

/** The same question as a chat. */
function chatOf(bytes: Buffer): ChatRequest {
  const { model, input, instructions, stream, max_output_tokens } = parseJson(bytes)
  const items = typeof input === 'string' ? [{ role: 'user', content: input }] : input
  if (!Array.isArray(items)) throw invalid('input', "Invalid type for 'input': expected text or items.")
  const messages = items.map(({ role = 'user', content }) => ({ role, content: textOf(content) }))
  const before = typeof instructions === 'string' ? [{ role: 'system', content: instructions }] : []
  const chat = { model, messages: [...before, ...messages], stream, max_completion_tokens: max_output_tokens }
  return parseChatRequest(Buffer.from(JSON.stringify(chat)))
}

function textOf(content: unknown): string {
  if (!Array.isArray(content)) return String(content ?? '')
  return content.map(part => String(part?.text ?? '')).join('\n')
}

/** The response object: in progress without an answer. */
type ResponseOf = (answer: Answer | null) => object

function responseOf(id: string, model: string): ResponseOf {
  const created_at = Math.floor(Date.now() / 1000)
  return answer => {
    const text = answer?.tokens.join('') ?? ''
    const isCut = answer?.finishReason === 'length'
    return {
      id,
      object: 'response',
      created_at,
      status: answer === null ? 'in_progress' : isCut ? 'incomplete' : 'completed',
      error: null,
      incomplete_details: isCut ? { reason: 'max_output_tokens' } : null,
      instructions: null,
      model,
      output: answer === null ? [] : [messageOf(id, text)],
      parallel_tool_calls: true,
      store: false,
      tools: [],
      ...(answer?.usage == null ? {} : { usage: usageOf(answer.usage) }),
    }
  }
}

function messageOf(id: string, text: string): object {
  return {
    id: id.replace('resp', 'msg'),
    type: 'message',
    status: 'completed',
    role: 'assistant',
    content: [{ type: 'output_text', text, annotations: [] }],
  }
}

function usageOf({ prompt_tokens, completion_tokens, total_tokens }: NonNullable<Answer['usage']>): object {
  return {
    input_tokens: prompt_tokens,
    input_tokens_details: { cached_tokens: 0 },
    output_tokens: completion_tokens,
    output_tokens_details: { reasoning_tokens: 0 },
    total_tokens,
  }
}

async function stream(
  response: ServerResponse,
  made: ResponseOf,
  answer: Answer,
  upstream: UpstreamModel,
  gone: AbortSignal,
): Promise<Ending> {
  const faults = upstream.breaksStream() ? upstream.faults : {}
  let sequence_number = 0
  const send = (type: string, fields: object): void => {
    const event = { type, sequence_number: sequence_number++, ...fields }
    response.write(`event: ${type}\ndata: ${JSON.stringify(event)}\n\n`)
  }
  const whole = made(answer) as { id: string; status: string; output: [{ id: string }] }
  const place = { item_id: whole.output[0].id, output_index: 0, content_index: 0 }
  const item = { output_index: 0, item: { ...whole.output[0], status: 'in_progress', content: [] } }
  response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8' })
  send('response.created', { response: made(null) })
  send('response.in_progress', { response: made(null) })
  send('response.output_item.added', item)
  send('response.content_part.added', { ...place, part: { type: 'output_text', text: '', annotations: [] } })
  for (const [position, delta] of answer.tokens.entries()) {
    if (position === faults.cut_stream_after) return cut(response)
    if (position === faults.stall_stream_after) return stall(gone)
    send('response.output_text.delta', { ...place, delta, logprobs: [] })
  }
  send('response.output_text.done', { ...place, text: answer.tokens.join(''), logprobs: [] })
  send('response.output_item.done', { output_index: 0, item: whole.output[0] })
  send(`response.${whole.status}`, { response: whole })
  response.end()
  return 'completed'
}
