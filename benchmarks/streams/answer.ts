/** One long answer in small chunks, as a model's tokens come, byte for byte: what the upstream sends, and what must reach the client. */
import type { Scenario } from '../load/closed-loop.ts'

export const CHUNKS = 1_000

const COMMON = { id: 'chatcmpl-bench', object: 'chat.completion.chunk', created: 1, model: 'bench' }
const USAGE = { prompt_tokens: 24, completion_tokens: CHUNKS, total_tokens: CHUNKS + 24 }

const TOKENS = Array.from({ length: CHUNKS }, (_, index) => ` token${index}`)

/** So many chunks of text, then the finish, the usage and `[DONE]`. */
const EVENTS: readonly Buffer[] = [
  ...TOKENS.map(content => chunk({ content }, null)),
  chunk({}, 'stop'),
  event({ ...COMMON, choices: [], usage: USAGE }),
  Buffer.from('data: [DONE]\n\n'),
]

/** The same as Anthropic puts it (documented, not recorded). */
const MESSAGE_EVENTS: readonly Buffer[] = [
  messageEvent('message_start', {
    message: {
      id: 'msg_bench',
      type: 'message',
      role: 'assistant',
      model: 'bench',
      content: [],
      stop_reason: null,
      stop_sequence: null,
      usage: { input_tokens: USAGE.prompt_tokens, output_tokens: 1 },
    },
  }),
  messageEvent('content_block_start', { index: 0, content_block: { type: 'text', text: '' } }),
  ...TOKENS.map(text =>
    messageEvent('content_block_delta', { index: 0, delta: { type: 'text_delta', text } }),
  ),
  messageEvent('content_block_stop', { index: 0 }),
  messageEvent('message_delta', {
    delta: { stop_reason: 'end_turn', stop_sequence: null },
    usage: { output_tokens: CHUNKS },
  }),
  messageEvent('message_stop', {}),
]

/** What is sent to a call of this path. */
export function eventsFor(path: string): readonly Buffer[] {
  return path.endsWith('/messages') ? MESSAGE_EVENTS : EVENTS
}

/** Milliseconds between two chunks of a paced stream. */
export const PACE_MS = 2

export interface StreamScenario extends Scenario {
  /** Streams at a time. */
  readonly connections: number
}

/** What a proxy can do; where it lags, what waits is read at once. */
export const FAST: StreamScenario = scenario('', 'as fast as they go', 8)

/** What a chunk costs that comes alone, as a model's tokens do: a read and a write each. */
export const PACED: StreamScenario = scenario('-paced', `a chunk each ${PACE_MS} ms`, 20)

/** Found in the request's body, also where that was translated. */
export const PACED_WANTED = PACED.title

function scenario(suffix: string, title: string, connections: number): StreamScenario {
  const messages = [{ role: 'user', content: `Report the state of the ground station, at length, ${title}.` }]
  const options = { stream: true, stream_options: { include_usage: true } }
  const request = JSON.stringify({ model: 'auto', messages, ...options })
  return { suffix, title, request, answer: Buffer.concat(EVENTS), saysTheSame, connections }
}

/** Of an answer that was translated: the same tokens, and an end. */
function saysTheSame(answer: Buffer): boolean {
  const data = answer.toString().split('\n\n').slice(0, -1)
  if (data.pop() !== 'data: [DONE]') return false
  const chunks = data.map(line => JSON.parse(line.slice('data: '.length)) as Chunk)
  const said = chunks.map(({ choices }) => choices[0]?.delta.content ?? '').join('')
  return said === TOKENS.join('') && chunks.some(({ choices }) => choices[0]?.finish_reason === 'stop')
}

interface Chunk {
  readonly choices: readonly {
    readonly delta: { readonly content?: string | null }
    readonly finish_reason: string | null
  }[]
}

function chunk(delta: object, finishReason: string | null): Buffer {
  const choices = [{ index: 0, delta, finish_reason: finishReason }]
  return event({ ...COMMON, choices, usage: null })
}

function event(data: object): Buffer {
  return Buffer.from(`data: ${JSON.stringify(data)}\n\n`)
}

function messageEvent(type: string, fields: object): Buffer {
  return Buffer.from(`event: ${type}\ndata: ${JSON.stringify({ type, ...fields })}\n\n`)
}
