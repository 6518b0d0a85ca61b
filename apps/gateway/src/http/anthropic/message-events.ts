/** A streamed chat completion as Anthropic's events: `message_start`, its blocks one after the other, `message_delta`, `message_stop`. */
import type { StreamedAnswer } from '../../corridor/corridor.ts'
import { type ChatUsage, chunksIn } from '../chat-chunks.ts'
import { anthropicError, asAtpError } from '../error-response.ts'
import { messageHead } from './message.ts'
import { MessageBlocks } from './message-blocks.ts'
import { messageUsageOf } from './message-usage.ts'
import { stopReasonOf } from './stop-reason.ts'

export async function* messageEvents(answer: StreamedAnswer): AsyncGenerator<string, void, void> {
  const blocks = new MessageBlocks()
  let usage: ChatUsage | null = null
  yield event('message_start', {
    message: {
      ...messageHead(answer.id, answer.arm),
      content: [],
      stop_reason: null,
      stop_sequence: null,
      // What was read is known at the end: `message_delta` says it.
      usage: {
        input_tokens: 0,
        output_tokens: 0,
        cache_creation_input_tokens: 0,
        cache_read_input_tokens: 0,
      },
    },
  })
  for await (const buffer of answer.events) {
    let text = ''
    for (const chunk of chunksIn(buffer)) {
      usage = chunk.usage ?? usage
      for (const told of blocks.read(chunk.choices?.[0]?.delta)) text += event(told.type, told)
    }
    if (text !== '') yield text
  }
  const { observation, finishReason } = answer.outcome()
  let end = ''
  for (const told of blocks.end()) end += event(told.type, told)
  end += event('message_delta', {
    delta: { stop_reason: stopReasonOf(finishReason, blocks), stop_sequence: null },
    usage: messageUsageOf(observation.usage ?? NONE, usage),
  })
  yield end + event('message_stop', {})
}

/** The last event of a stream that broke. */
export function messageError(thrown: unknown): string {
  return event('error', anthropicError(asAtpError(thrown)))
}

const NONE = { inputTokens: 0, outputTokens: 0, estimated: true }

function event(type: string, data: object): string {
  return `event: ${type}\ndata: ${JSON.stringify({ type, ...data })}\n\n`
}
