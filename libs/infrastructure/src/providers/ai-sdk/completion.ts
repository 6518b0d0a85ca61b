/** From the SDK's whole answer to OpenAI's chat completion. */
import type { LanguageModelV4Content, LanguageModelV4GenerateResult } from '@ai-sdk/provider'
import { type Completion, type ProviderCall, UpstreamError } from '@atp/domain/adapter'
import { countTokens } from '../tokenizer.ts'
import type { Upstream } from '../upstream.ts'
import { usageOf } from '../usage.ts'
import { endedInError, finishReasonOf, isRefusal } from './finish-reason.ts'
import { extraContentOf } from './thought-signature.ts'
import { openAiUsage, reportedUsage } from './usage.ts'

/** @throws {UpstreamError} where it holds what a chat completion cannot, or the upstream gave up */
export function completionOf(
  result: LanguageModelV4GenerateResult,
  { body, upstreamModel }: ProviderCall,
  { name, clock }: Upstream,
): Completion {
  const { content, finishReason, usage: told, response } = result
  if (endedInError(finishReason)) {
    throw new UpstreamError('failed', `${name} gave up its answer (${finishReason.raw})`)
  }
  const text = written(content, 'text')
  const reasoning = written(content, 'reasoning')
  const calls = content.flatMap(part => callOf(part, name))
  const usage = usageOf(reportedUsage(told), body, () =>
    countTokens((text ?? '') + (reasoning ?? '') + calls.map(call => JSON.stringify(call.function)).join('')),
  )
  const reason = finishReasonOf(finishReason) ?? 'stop'
  const completion = {
    id: `chatcmpl-${response?.id ?? crypto.randomUUID()}`,
    object: 'chat.completion',
    created: Math.floor(clock.now() / 1000),
    model: upstreamModel,
    choices: [
      {
        index: 0,
        message: {
          role: 'assistant',
          content: text,
          refusal: null,
          ...(reasoning === null ? {} : { reasoning_content: reasoning }),
          ...(calls.length === 0 ? {} : { tool_calls: calls }),
        },
        logprobs: null,
        finish_reason: reason,
      },
    ],
    usage: openAiUsage(usage, told),
  }
  return {
    contentType: 'application/json',
    bytes: Buffer.from(JSON.stringify(completion)),
    text,
    finishReason: reason,
    refused: isRefusal(finishReason),
    usage,
  }
}

function written(content: readonly LanguageModelV4Content[], type: 'text' | 'reasoning'): string | null {
  const texts = content.flatMap(part => (part.type === type ? [part.text] : []))
  return texts.length === 0 ? null : texts.join('')
}

/** Sources are what the model cites: there is no place for them, and the text names them. */
function callOf(part: LanguageModelV4Content, name: string) {
  switch (part.type) {
    case 'tool-call':
      return [
        {
          id: part.toolCallId,
          type: 'function',
          function: { name: part.toolName, arguments: part.input },
          ...extraContentOf(part.providerMetadata),
        },
      ]
    case 'text':
    case 'reasoning':
    case 'source':
      return []
    default:
      throw new UpstreamError(
        'malformed',
        `${name} answered with what no chat completion holds (${part.type})`,
      )
  }
}
