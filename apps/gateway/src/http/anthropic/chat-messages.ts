/** Anthropic's conversation as OpenAI's: results of tools become messages of their own, uses of tools belong to the assistant's. */
import type { ChatMessage } from '@atp/domain/adapter'
import { type Block, type ContentPart, cacheControl, contentOf, partOf, textPart } from './content-parts.ts'
import { kindOf, requireOnly, untranslatable } from './untranslatable.ts'

type Content = string | readonly Block[]

export interface AnthropicMessage {
  readonly role: 'user' | 'assistant' | 'system'
  readonly content: Content
}

/** @throws {AtpError} `invalid_request` naming the block that cannot be said */
export function chatMessagesOf(
  system: Content | undefined,
  messages: readonly AnthropicMessage[],
): ChatMessage[] {
  const translated = messages.flatMap(({ role, content }, index) => {
    const at = `messages[${index}].content`
    if (role === 'assistant') return assistantMessage(content, at)
    return role === 'user' ? userMessages(content, at) : [systemMessage(content, at)]
  })
  if (messages.at(-1)?.role === 'assistant') {
    const found = 'assistant, as the beginning of the answer'
    throw untranslatable(`messages[${messages.length - 1}].role`, found, 'user as the last one')
  }
  if (system === undefined || system.length === 0) return translated
  return [systemMessage(system, 'system'), ...translated]
}

function systemMessage(content: Content, at: string): ChatMessage {
  if (typeof content === 'string') return { role: 'system', content }
  if (content.length === 0) throw untranslatable(at, 'an empty list', 'at least one block')
  return {
    role: 'system',
    content: contentOf(content.map((block, index) => textPart(block, `${at}[${index}]`))),
  }
}

/** Each result first, as OpenAI wants them right behind the calls, then what else the user says. */
function userMessages(content: Content, at: string): ChatMessage[] {
  if (typeof content === 'string') return [{ role: 'user', content }]
  const results: ChatMessage[] = []
  const parts: ContentPart[] = []
  for (const [index, block] of content.entries()) {
    const place = `${at}[${index}]`
    if (block.type !== 'tool_result') {
      parts.push(partOf(block, place))
      continue
    }
    if (parts.length > 0)
      throw untranslatable(place, 'a tool_result behind other blocks', 'tool_results first')
    results.push(toolMessage(block, place))
  }
  if (parts.length > 0) return [...results, { role: 'user', content: contentOf(parts) }]
  if (results.length > 0) return results
  throw untranslatable(at, 'an empty list', 'at least one block')
}

function toolMessage(block: Block, at: string): ChatMessage {
  requireOnly(block, ['type', 'tool_use_id', 'content', 'is_error', 'cache_control'], at)
  const { tool_use_id, content = '', is_error } = block
  if (typeof tool_use_id !== 'string') {
    throw untranslatable(`${at}.tool_use_id`, kindOf(tool_use_id), 'the id of a tool_use')
  }
  const texts = textsOf(content, `${at}.content`)
  // OpenAI's tools cannot fail: whether one has is said in words.
  const said = is_error === true ? [{ type: 'text', text: 'The tool failed:' }, ...texts] : texts
  return { role: 'tool', tool_call_id: tool_use_id, content: contentOf(said), ...cacheControl(block) }
}

function textsOf(content: unknown, at: string): ContentPart[] {
  if (typeof content === 'string') return [{ type: 'text', text: content }]
  if (!Array.isArray(content)) throw untranslatable(at, kindOf(content), 'a text or a list of blocks')
  if (content.length === 0) return [{ type: 'text', text: '' }]
  return content.map((block, index) => textPart(block as Block, `${at}[${index}]`))
}

function assistantMessage(content: Content, at: string): ChatMessage[] {
  if (typeof content === 'string') return [{ role: 'assistant', content }]
  const texts: ContentPart[] = []
  const calls: unknown[] = []
  for (const [index, block] of content.entries()) {
    const place = `${at}[${index}]`
    // OpenAI's have no order among the two: a text behind a call stands before it there.
    if (block.type === 'tool_use') calls.push(toolCall(block, place))
    else texts.push(textPart(block, place))
  }
  if (texts.length + calls.length === 0) throw untranslatable(at, 'an empty list', 'at least one block')
  const said = texts.length === 0 ? null : contentOf(texts)
  return [{ role: 'assistant', content: said, ...(calls.length === 0 ? {} : { tool_calls: calls }) }]
}

function toolCall(block: Block, at: string): unknown {
  requireOnly(block, ['type', 'id', 'name', 'input', 'cache_control'], at)
  const { id, name, input } = block
  for (const [field, value] of Object.entries({ id, name })) {
    if (typeof value !== 'string') throw untranslatable(`${at}.${field}`, kindOf(value), 'a text')
  }
  const called = { name, arguments: JSON.stringify(input ?? {}) }
  return { id, type: 'function', function: called, ...cacheControl(block) }
}
