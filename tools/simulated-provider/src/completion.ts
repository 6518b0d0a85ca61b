/** OpenAI's chat completion object, and the chunks of its stream. */
import type { Answer } from './answer.ts'

/** What all parts of one answer have in common. */
export interface Envelope {
  readonly id: string
  /** Seconds since 1970. */
  readonly created: number
  readonly model: string
}

const FINGERPRINT = 'fp_simulated'

export function completionOf(envelope: Envelope, answer: Answer): object {
  const content = answer.tokens.join('')
  const message = {
    role: 'assistant',
    content: answer.tool === null ? content : null,
    refusal: null,
    ...(answer.tool === null ? {} : { tool_calls: [toolCall(envelope, answer.tool, content)] }),
  }
  return {
    ...head(envelope, 'chat.completion'),
    choices: [{ index: 0, message, logprobs: null, finish_reason: answer.finishReason }],
    ...(answer.usage === null ? {} : { usage: answer.usage }),
  }
}

/** Chunks as text, ready for `data:`; OpenAI says `usage: null` on each but the last where usage was asked for. */
export interface Chunks {
  readonly opening: string
  readonly tokens: readonly string[]
  readonly finish: string
  /** Null where no usage was asked for, or a fault withholds it. */
  readonly usage: string | null
}

export function chunksOf(envelope: Envelope, answer: Answer, includeUsage: boolean): Chunks {
  const chunk = (delta: object, finishReason: string | null): string =>
    JSON.stringify({
      ...head(envelope, 'chat.completion.chunk'),
      choices: [{ index: 0, delta, logprobs: null, finish_reason: finishReason }],
      ...(includeUsage ? { usage: null } : {}),
    })
  const { tool, usage } = answer
  return {
    opening: chunk(openingDelta(envelope, tool), null),
    tokens: answer.tokens.map(token => chunk(tokenDelta(token, tool), null)),
    finish: chunk({}, answer.finishReason),
    usage:
      includeUsage && usage !== null
        ? JSON.stringify({ ...head(envelope, 'chat.completion.chunk'), choices: [], usage })
        : null,
  }
}

function openingDelta(envelope: Envelope, tool: string | null): object {
  return tool === null
    ? { role: 'assistant', content: '', refusal: null }
    : { role: 'assistant', content: null, tool_calls: [{ index: 0, ...toolCall(envelope, tool, '') }] }
}

function tokenDelta(token: string, tool: string | null): object {
  return tool === null ? { content: token } : { tool_calls: [{ index: 0, function: { arguments: token } }] }
}

function toolCall(envelope: Envelope, name: string, args: string): object {
  return {
    id: envelope.id.replace('chatcmpl', 'call'),
    type: 'function',
    function: { name, arguments: args },
  }
}

function head(envelope: Envelope, object: string): object {
  const { id, created, model } = envelope
  return { id, object, created, model, system_fingerprint: FINGERPRINT }
}
