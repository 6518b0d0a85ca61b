/** The parts of OpenAI's answers that the gateway reads: whole completions, chunks of a stream, and errors sent in their place. */

/** A message, or a chunk's delta of one. */
export interface ChatMessagePart {
  readonly content?: unknown
  readonly refusal?: unknown
  readonly reasoning_content?: unknown
  readonly tool_calls?: unknown
}

export interface ChatChoice {
  readonly index?: unknown
  readonly message?: ChatMessagePart | null
  readonly delta?: ChatMessagePart | null
  readonly finish_reason?: unknown
}

export interface ChatAnswer {
  readonly choices?: unknown
  readonly usage?: unknown
  readonly error?: unknown
}

/** Null where the text is not a JSON object. */
export function parseAnswer(json: string): ChatAnswer | null {
  try {
    const value: unknown = JSON.parse(json)
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : null
  } catch {
    return null
  }
}

/** An error under status 200: some providers know no better once they have begun to answer. */
export function isError(answer: ChatAnswer): boolean {
  return answer.error !== undefined && answer.error !== null
}

export function choicesOf(answer: ChatAnswer): readonly ChatChoice[] {
  return Array.isArray(answer.choices)
    ? answer.choices.filter(choice => typeof choice === 'object' && choice !== null)
    : []
}

/** Null where there is none yet; some providers then say it with an empty string. */
export function finishReasonOf(answer: ChatAnswer): string | null {
  const reason = choicesOf(answer)[0]?.finish_reason
  return typeof reason === 'string' && reason !== '' ? reason : null
}

/** The model says that it will not answer, in words of their own field. */
export function refusedIn(answer: ChatAnswer): boolean {
  const choice = choicesOf(answer)[0]
  const refusal = (choice?.message ?? choice?.delta)?.refusal
  return typeof refusal === 'string' && refusal !== ''
}

/** All that the model wrote in this part and is billed for: text, reasoning, calls of tools. */
export function writtenText(part: ChatMessagePart | null | undefined): string {
  if (part == null) return ''
  let text = ''
  if (typeof part.content === 'string') text += part.content
  if (typeof part.reasoning_content === 'string') text += part.reasoning_content
  if (Array.isArray(part.tool_calls)) {
    for (const call of part.tool_calls as readonly ToolCall[]) {
      text += (call?.function?.name ?? '') + (call?.function?.arguments ?? '')
    }
  }
  return text
}

interface ToolCall {
  readonly function?: { readonly name?: string | null; readonly arguments?: string | null } | null
}
