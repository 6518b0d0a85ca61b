/** What the model wrote earlier: text, refusals, calls of tools. Its reasoning is not told again: without a signature no upstream takes it. */
import type { LanguageModelV4TextPart, LanguageModelV4ToolCallPart } from '@ai-sdk/provider'
import type { ChatMessage } from '@atp/domain/adapter'
import { refuseOtherKeys } from './accepted-fields.ts'
import { cacheControlIn } from './cache-control.ts'
import { type Part, partsOf, refuseOtherThanText } from './content-parts.ts'
import type { Kind } from './kind.ts'
import { signatureOptions } from './thought-signature.ts'
import { described, named, type Unsupported } from './unsupported.ts'

type Content = LanguageModelV4TextPart | LanguageModelV4ToolCallPart
type Fields = Readonly<Record<string, unknown>>

const KEYS = ['role', 'content', 'refusal', 'tool_calls', 'reasoning_content', 'annotations']

export function assistantParts(
  message: ChatMessage,
  at: string,
  kind: Kind,
  unsupported: Unsupported,
): Part<Content>[] {
  refuseOtherKeys(message, at, KEYS, unsupported)
  const { content, refusal, tool_calls } = message
  const texts = [...textsOf(content, at, kind, unsupported), ...textsOf(refusal, at, kind, unsupported)]
  if (tool_calls == null) return texts
  if (!Array.isArray(tool_calls)) {
    unsupported.add(`${at}.tool_calls`, described(tool_calls), 'a list of calls')
    return texts
  }
  if (texts.length > 0 && tool_calls.length > 0 && !kind.textBesideToolCalls) {
    unsupported.add(`${at}.content`, 'a text beside tool_calls', 'null: this upstream takes either')
  }
  const calls = tool_calls.flatMap((call: Fields | null, index) =>
    callOf(call ?? {}, `${at}.tool_calls[${index}]`, kind, unsupported),
  )
  return [...texts, ...calls]
}

function textsOf(
  content: unknown,
  at: string,
  kind: Kind,
  unsupported: Unsupported,
): Part<LanguageModelV4TextPart>[] {
  if (content == null || content === '') return []
  const known = Array.isArray(content) ? content.map(asText) : content
  return refuseOtherThanText(partsOf(known, `${at}.content`, kind, unsupported), at, unsupported)
}

/** A refusal that is a part of its own. */
function asText(part: Fields | null): unknown {
  return part?.type === 'refusal' ? { type: 'text', text: part.refusal } : part
}

function callOf(
  call: Fields,
  at: string,
  kind: Kind,
  unsupported: Unsupported,
): Part<LanguageModelV4ToolCallPart>[] {
  const called = call.function as { readonly name?: unknown; readonly arguments?: unknown } | null | undefined
  if (call.type !== 'function' || typeof call.id !== 'string' || typeof called?.name !== 'string') {
    unsupported.add(at, named(call.type), 'the call of a function, with its id and name')
    return []
  }
  refuseOtherKeys(
    call,
    at,
    ['id', 'type', 'function', 'index', 'extra_content', 'cache_control'],
    unsupported,
  )
  const input = parsed(called.arguments)
  if (input === undefined) {
    unsupported.add(`${at}.function.arguments`, described(called.arguments), 'a JSON object as text')
    return []
  }
  const signature = signatureOptions(call.extra_content)
  const part = {
    type: 'tool-call' as const,
    toolCallId: call.id,
    toolName: called.name,
    input,
    ...(signature === null ? {} : { providerOptions: signature }),
  }
  return [{ part, cached: cacheControlIn(call, at, kind.cache, unsupported) }]
}

/** @returns undefined where it is no JSON object */
function parsed(json: unknown): object | undefined {
  if (json === '') return {}
  try {
    const value: unknown = JSON.parse(String(json))
    return typeof value === 'object' && value !== null ? value : undefined
  } catch {
    return undefined
  }
}
