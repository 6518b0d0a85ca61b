/** The chunks of a streamed chat completion, out of a buffer of whole events. */

export interface ChatChunk {
  readonly choices?: readonly {
    readonly delta?: ChatDelta | null
    readonly finish_reason?: string | null
  }[]
  readonly usage?: ChatUsage | null
}

export interface ChatDelta {
  readonly content?: string | null
  readonly refusal?: string | null
  readonly tool_calls?: readonly ToolCallDelta[] | null
}

export interface ToolCallDelta {
  readonly index?: number
  readonly id?: string | null
  readonly function?: { readonly name?: string | null; readonly arguments?: string | null } | null
}

export interface ChatUsage {
  readonly prompt_tokens_details?: { readonly cached_tokens?: number | null } | null
}

export function chunksIn(events: Buffer): ChatChunk[] {
  const chunks: ChatChunk[] = []
  for (const line of events.toString().split(/\r\n|\r|\n/)) {
    if (!line.startsWith('data:')) continue
    try {
      const chunk = JSON.parse(line.slice('data:'.length)) as ChatChunk | null
      if (typeof chunk === 'object' && chunk !== null) chunks.push(chunk)
    } catch {
      // `[DONE]`, or a line that the upstream garbled: no chunk either way.
    }
  }
  return chunks
}
