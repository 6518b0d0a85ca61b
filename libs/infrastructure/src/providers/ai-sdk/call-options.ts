/** From OpenAI's chat completion request to the call of the SDK's model. What cannot be said is refused, never left out. */
import type { LanguageModelV4CallOptions } from '@ai-sdk/provider'
import type { ChatBody, ProviderCall } from '@atp/domain/adapter'
import { refuseOtherKeys, refuseUnknownFields } from './accepted-fields.ts'
import type { Kind } from './kind.ts'
import { promptOf } from './prompt.ts'
import { responseFormatOf } from './response-format.ts'
import { toolChoiceOf, toolsOf } from './tools.ts'
import { described, named, Unsupported } from './unsupported.ts'

/**
 * @param outputLimit tokens, for a kind that must be told one where nobody set it
 * @throws {UpstreamError} `unsupported`, with every problem found
 */
export function callOptionsOf(
  { body, maxOutputTokens }: ProviderCall,
  kind: Kind,
  outputLimit: number | undefined,
): LanguageModelV4CallOptions {
  const unsupported = new Unsupported()
  refuseUnknownFields(body, unsupported)
  const { stream_options, parallel_tool_calls } = body
  if (stream_options != null) {
    refuseOtherKeys(stream_options, 'stream_options', ['include_usage', 'include_obfuscation'], unsupported)
  }
  const number = (field: string) => numberIn(body, field, unsupported)
  const limits = [maxOutputTokens, number('max_completion_tokens'), number('max_tokens')]
  const own = limits.filter(limit => limit !== undefined)
  const options = defined({
    prompt: promptOf(body.messages, kind, unsupported),
    maxOutputTokens: own.length > 0 ? Math.min(...own) : kind.needsOutputLimit ? outputLimit : undefined,
    temperature: number('temperature'),
    topP: number('top_p'),
    topK: number('top_k'),
    seed: number('seed'),
    presencePenalty: number('presence_penalty') || undefined,
    frequencyPenalty: number('frequency_penalty') || undefined,
    stopSequences: stopOf(body.stop, unsupported),
    reasoning: reasoningOf(body.reasoning_effort, unsupported),
    responseFormat: responseFormatOf(body.response_format, unsupported),
    tools: toolsOf(body.tools, kind, unsupported),
    toolChoice: toolChoiceOf(body.tool_choice, body.tools, unsupported),
  })
  if (parallel_tool_calls === false) {
    if (kind.oneToolCall === null) {
      unsupported.add('parallel_tool_calls', 'false', 'true: this upstream cannot be kept to one call')
    }
  } else if (parallel_tool_calls != null && parallel_tool_calls !== true) {
    unsupported.add('parallel_tool_calls', described(parallel_tool_calls), 'true or false')
  }
  unsupported.throwIfAny()
  const oneToolCall = parallel_tool_calls === false && Array.isArray(body.tools) && body.tools.length > 0
  return oneToolCall && kind.oneToolCall !== null
    ? { ...options, providerOptions: kind.oneToolCall }
    : options
}

function numberIn(body: ChatBody, field: string, unsupported: Unsupported): number | undefined {
  const value = body[field]
  if (value == null || typeof value === 'number') return value ?? undefined
  unsupported.add(field, described(value), 'a number')
  return undefined
}

function stopOf(stop: unknown, unsupported: Unsupported): string[] | undefined {
  if (stop == null) return undefined
  const sequences = Array.isArray(stop) ? stop : [stop]
  if (sequences.every(sequence => typeof sequence === 'string')) {
    return sequences.length === 0 ? undefined : sequences
  }
  unsupported.add('stop', described(stop), 'a text or a list of them')
  return undefined
}

const EFFORTS = ['none', 'minimal', 'low', 'medium', 'high', 'xhigh', 'max'] as const

function reasoningOf(effort: unknown, unsupported: Unsupported): (typeof EFFORTS)[number] | undefined {
  if (effort == null) return undefined
  const known = EFFORTS.find(name => name === effort)
  if (known === undefined) unsupported.add('reasoning_effort', named(effort), EFFORTS.join(', '))
  return known
}

type Defined<T> = { [Key in keyof T]: Exclude<T[Key], undefined> }

/** Without the fields that are undefined: for the SDK a field that is there was asked for. */
function defined<T extends object>(options: T): Defined<T> {
  const entries = Object.entries(options).filter(([, value]) => value !== undefined)
  return Object.fromEntries(entries) as Defined<T>
}
