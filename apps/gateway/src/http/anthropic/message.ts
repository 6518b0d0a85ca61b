/** A whole chat completion as Anthropic's message. */
import { AtpError } from '@atp/core/errors'
import type { WholeAnswer } from '../../corridor/corridor.ts'
import type { ChatUsage } from '../chat-chunks.ts'
import { messageUsageOf } from './message-usage.ts'
import { stopReasonOf } from './stop-reason.ts'

interface ChatAnswer {
  readonly choices: readonly { readonly message?: ChatAnswerMessage | null }[]
  readonly usage?: ChatUsage | null
}

interface ChatAnswerMessage {
  readonly content?: string | null
  readonly refusal?: string | null
  readonly tool_calls?: readonly ToolCall[] | null
}

interface ToolCall {
  readonly id: string
  readonly function: { readonly name: string; readonly arguments: string }
}

/** @throws {AtpError} `upstream_failed` where a model calls a tool with something else than JSON */
export function messageOf({ id, arm, completion }: WholeAnswer): unknown {
  const { choices, usage } = JSON.parse(completion.bytes.toString()) as ChatAnswer
  const { content, refusal, tool_calls } = choices[0]?.message ?? {}
  const calls = tool_calls ?? []
  const texts = [content, refusal].filter(text => typeof text === 'string' && text !== '')
  return {
    ...messageHead(id, arm),
    content: [
      ...texts.map(text => ({ type: 'text', text })),
      ...calls.map(call => toolUse(call, completion.finishReason)),
    ],
    stop_reason: stopReasonOf(completion.finishReason, {
      calls: calls.length > 0,
      refused: completion.refused,
    }),
    stop_sequence: null,
    usage: messageUsageOf(completion.usage, usage),
  }
}

/** What is known of a message before its first word. */
export function messageHead(id: string, arm: string) {
  return { id, type: 'message', role: 'assistant', model: arm } as const
}

function toolUse({ id, function: { name, arguments: text } }: ToolCall, finishReason: string | null) {
  return { type: 'tool_use', id, name, input: inputOf(name, text, finishReason) }
}

/** An object, as Anthropic's clients take for granted: what is no object is none of theirs. */
function inputOf(name: string, text: string, finishReason: string | null): object {
  let input: unknown
  let cause: unknown
  try {
    // Some models write null where a tool takes nothing.
    input = text.trim() === '' ? {} : (JSON.parse(text) ?? {})
  } catch (thrown) {
    // Cut by its limit, as `stop_reason` says: nobody is to use it.
    if (finishReason === 'length') return {}
    cause = thrown
  }
  if (typeof input === 'object' && input !== null && !Array.isArray(input)) return input
  throw new AtpError('upstream_failed', {
    detail: `the model called the tool ${name} with something else than a JSON object`,
    cause,
  })
}
