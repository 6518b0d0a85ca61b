/** One long answer in small chunks, as a model's tokens come, byte for byte: what the upstream sends, and what must reach the client. */
import type { Scenario } from '../load/closed-loop.ts'

export const CHUNKS = 1_000

const COMMON = { id: 'chatcmpl-bench', object: 'chat.completion.chunk', created: 1, model: 'bench' }
const USAGE = { prompt_tokens: 24, completion_tokens: CHUNKS, total_tokens: CHUNKS + 24 }

/** So many chunks of text, then the finish, the usage and `[DONE]`. */
export const EVENTS: readonly Buffer[] = [
  ...Array.from({ length: CHUNKS }, (_, index) => chunk({ content: ` token${index}` }, null)),
  chunk({}, 'stop'),
  event({ ...COMMON, choices: [], usage: USAGE }),
  Buffer.from('data: [DONE]\n\n'),
]

/** Milliseconds between two chunks of a paced stream. */
export const PACE_MS = 2

export interface StreamScenario extends Scenario {
  /** Streams at a time. */
  readonly connections: number
}

/** What a proxy can do; where it lags, what waits is read at once. */
export const FAST: StreamScenario = scenario('', 'as fast as they go', 8)

/** What a chunk costs that comes alone, as a model's tokens do: a read and a write each. */
export const PACED: StreamScenario = scenario('-paced', `a chunk each ${PACE_MS} ms`, 40)

/** Found in the request's body. */
export const PACED_WANTED = '"user":"-paced"'

function scenario(suffix: string, title: string, connections: number): StreamScenario {
  const messages = [{ role: 'user', content: 'Report the state of the ground station, at length.' }]
  const options = { stream: true, stream_options: { include_usage: true }, user: suffix }
  const request = JSON.stringify({ model: 'auto', messages, ...options })
  return { suffix, title, request, answer: Buffer.concat(EVENTS), connections }
}

function chunk(delta: object, finishReason: string | null): Buffer {
  const choices = [{ index: 0, delta, finish_reason: finishReason }]
  return event({ ...COMMON, choices, usage: null })
}

function event(data: object): Buffer {
  return Buffer.from(`data: ${JSON.stringify(data)}\n\n`)
}
