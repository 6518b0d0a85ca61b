/**
 * Where a streamed answer begins to say something. Until then nothing is lost if another model answers in its place, so comments, a
 * role, empty deltas and usage alone don't count.
 */
import { type ChatAnswer, type ChatMessagePart, choicesOf, isError, parseAnswer } from './chat-completion.ts'
import { eventEnd } from './sse/event-splitter.ts'
import { parseEvent, type ServerSentEvent } from './sse/server-sent-event.ts'

export interface Beginning {
  /** The first of the events that is more than nothing decides. */
  readonly is: 'nothing' | 'content' | 'error' | 'garbage'
  /** Of the event that decided. */
  readonly data: string
}

const NOTHING: Beginning = { is: 'nothing', data: '' }

/** @param block whole events of a chat */
export function beginningOf(block: Buffer): Beginning {
  return firstThatTells(block, kindOf)
}

/** @param block whole events @param kindOf what each of them is */
export function firstThatTells(
  block: Buffer,
  kindOf: (event: ServerSentEvent) => Beginning['is'],
): Beginning {
  for (let from = 0; from < block.length; ) {
    const end = eventEnd(block, from)
    const event = parseEvent(block.subarray(from, end))
    const is = kindOf(event)
    if (is !== 'nothing') return { is, data: event.data ?? '' }
    from = end
  }
  return NOTHING
}

function kindOf({ name, data }: ServerSentEvent): Beginning['is'] {
  const said = data?.trim() ?? ''
  if (said === '') return 'nothing'
  if (name === 'error') return 'error'
  // An empty answer, but a complete one.
  if (said === '[DONE]') return 'content'
  const answer = parseAnswer(said)
  if (answer === null) return 'garbage'
  if (isError(answer)) return 'error'
  return hasContent(answer) ? 'content' : 'nothing'
}

function hasContent(answer: ChatAnswer): boolean {
  return choicesOf(answer).some(
    ({ delta, message, finish_reason }) => says(finish_reason) || saysMore(delta ?? message),
  )
}

/** Than a role: text, refusal, reasoning and calls of tools, but also what providers will think of next. */
function saysMore(part: ChatMessagePart | null | undefined): boolean {
  return part != null && Object.entries(part).some(([field, value]) => field !== 'role' && says(value))
}

function says(value: unknown): boolean {
  if (typeof value === 'string') return value !== ''
  return typeof value === 'object' && value !== null && Object.keys(value).length > 0
}
