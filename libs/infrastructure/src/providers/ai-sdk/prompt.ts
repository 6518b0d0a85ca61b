/**
 * From OpenAI's messages to the SDK's prompt. A part that is marked for caching ends its message: the SDK marks ends of messages,
 * and every kind that caches joins neighbours of a role again.
 */
import type { LanguageModelV4Message, LanguageModelV4Prompt, SharedV4ProviderOptions } from '@ai-sdk/provider'
import type { ChatMessage } from '@atp/domain/adapter'
import { refuseOtherKeys } from './accepted-fields.ts'
import { assistantParts } from './assistant-message.ts'
import { type Part, partsOf, refuseOtherThanText } from './content-parts.ts'
import type { Kind } from './kind.ts'
import { ToolResults } from './tool-results.ts'
import { named, type Unsupported } from './unsupported.ts'

export function promptOf(
  messages: readonly ChatMessage[],
  kind: Kind,
  unsupported: Unsupported,
): LanguageModelV4Prompt {
  const prompt: LanguageModelV4Message[] = []
  const results = new ToolResults(messages, unsupported)
  for (const [index, message] of messages.entries()) {
    const at = `messages[${index}]`
    prompt.push(...(ROLES[message.role] ?? refused)({ message, at, kind, unsupported, results }))
  }
  return joinedResults(prompt)
}

interface Source {
  readonly message: ChatMessage
  readonly at: string
  readonly kind: Kind
  readonly unsupported: Unsupported
  readonly results: ToolResults
}

const ROLES: Readonly<Record<string, (source: Source) => LanguageModelV4Message[]>> = {
  system,
  developer: system,
  user,
  assistant,
  tool,
}

function refused({ message, at, unsupported }: Source): LanguageModelV4Message[] {
  unsupported.add(`${at}.role`, named(message.role), Object.keys(ROLES).join(', '))
  return []
}

function system({ message, at, kind, unsupported }: Source): LanguageModelV4Message[] {
  refuseOtherKeys(message, at, ['role', 'content'], unsupported)
  const parts = refuseOtherThanText(
    partsOf(message.content, `${at}.content`, kind, unsupported),
    at,
    unsupported,
  )
  return parts.map(({ part, cached }) => withOptions({ role: 'system' as const, content: part.text }, cached))
}

function user({ message, at, kind, unsupported }: Source): LanguageModelV4Message[] {
  refuseOtherKeys(message, at, ['role', 'content'], unsupported)
  const parts = partsOf(message.content, `${at}.content`, kind, unsupported)
  return runs(parts).map(({ content, cached }) => withOptions({ role: 'user' as const, content }, cached))
}

function assistant({ message, at, kind, unsupported }: Source): LanguageModelV4Message[] {
  const parts = assistantParts(message, at, kind, unsupported)
  return runs(parts).map(({ content, cached }) =>
    withOptions({ role: 'assistant' as const, content }, cached),
  )
}

function tool({ message, at, kind, unsupported, results }: Source): LanguageModelV4Message[] {
  refuseOtherKeys(message, at, ['role', 'content', 'tool_call_id'], unsupported)
  const parts = refuseOtherThanText(
    partsOf(message.content, `${at}.content`, kind, unsupported),
    at,
    unsupported,
  )
  const result = results.resultOf(message, at, parts.map(({ part }) => part.text).join(''))
  if (result === null) return []
  return [withOptions({ role: 'tool' as const, content: [result] }, parts.at(-1)?.cached ?? null)]
}

/** Parts up to and with each that is marked. */
function runs<Content>(parts: readonly Part<Content>[]) {
  const all: { content: Content[]; cached: SharedV4ProviderOptions | null }[] = []
  let open: Content[] = []
  for (const { part, cached } of parts) {
    open.push(part)
    if (cached === null) continue
    all.push({ content: open, cached })
    open = []
  }
  if (open.length > 0) all.push({ content: open, cached: null })
  return all
}

function withOptions<Message extends object>(message: Message, options: SharedV4ProviderOptions | null) {
  return options === null ? message : { ...message, providerOptions: options }
}

/** Some upstreams want the results of calls that were made together in one message. */
function joinedResults(prompt: readonly LanguageModelV4Message[]): LanguageModelV4Prompt {
  const joined: LanguageModelV4Message[] = []
  for (const message of prompt) {
    const last = joined.at(-1)
    if (message.role === 'tool' && last?.role === 'tool' && last.providerOptions === undefined) {
      joined[joined.length - 1] = { ...message, content: [...last.content, ...message.content] }
    } else {
      joined.push(message)
    }
  }
  return joined
}
