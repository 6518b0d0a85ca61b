/** What tools answered. OpenAI names the call alone; the SDK wants the tool's name too, which an earlier message has. */
import type { LanguageModelV4ToolResultPart } from '@ai-sdk/provider'
import type { ChatMessage } from '@atp/domain/adapter'
import { described, type Unsupported } from './unsupported.ts'

export class ToolResults {
  readonly #names = new Map<string, string>()
  readonly #unsupported: Unsupported

  constructor(messages: readonly ChatMessage[], unsupported: Unsupported) {
    this.#unsupported = unsupported
    for (const { tool_calls } of messages) {
      if (!Array.isArray(tool_calls)) continue
      for (const call of tool_calls as readonly (ToolCall | null)[]) {
        if (typeof call?.id === 'string' && typeof call.function?.name === 'string') {
          this.#names.set(call.id, call.function.name)
        }
      }
    }
  }

  resultOf({ tool_call_id }: ChatMessage, at: string, text: string): LanguageModelV4ToolResultPart | null {
    const toolName = typeof tool_call_id === 'string' ? this.#names.get(tool_call_id) : undefined
    if (toolName === undefined) {
      const allowed = 'the id of a call in an earlier message'
      this.#unsupported.add(`${at}.tool_call_id`, described(tool_call_id), allowed)
      return null
    }
    return {
      type: 'tool-result',
      toolCallId: tool_call_id as string,
      toolName,
      output: { type: 'text', value: text },
    }
  }
}

interface ToolCall {
  readonly id?: unknown
  readonly function?: { readonly name?: unknown } | null
}
