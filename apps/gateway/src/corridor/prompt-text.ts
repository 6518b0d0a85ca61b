/** What the prompt says, as a contextual strategy reads it. */
import type { ChatBody, ChatMessage } from '@atp/domain/adapter'

/** The text of the last user message, or of all messages where no user speaks. */
export function promptText({ messages }: ChatBody): string {
  const last = messages.findLast(({ role }) => role === 'user')
  const texts = last === undefined ? messages.map(textOf) : [textOf(last)]
  return texts.join('\n')
}

function textOf({ content }: ChatMessage): string {
  if (typeof content === 'string') return content
  if (!Array.isArray(content)) return ''
  return (content as readonly { readonly text?: unknown }[])
    .map(part => (typeof part?.text === 'string' ? part.text : ''))
    .join('\n')
}
