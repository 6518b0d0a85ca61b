/** Why a model stopped, in OpenAI's words. */
import type { LanguageModelV4FinishReason } from '@ai-sdk/provider'

/** Null where the upstream gave none: its answer is not known to be complete. */
export function finishReasonOf({ unified, raw }: LanguageModelV4FinishReason): string | null {
  switch (unified) {
    case 'length':
      return 'length'
    case 'tool-calls':
      return 'tool_calls'
    case 'content-filter':
      return 'content_filter'
    case 'interrupted':
      return null
    default:
      return raw === undefined ? null : 'stop'
  }
}

/** The upstream gave up: it says so in place of a reason. */
export function endedInError({ unified, raw }: LanguageModelV4FinishReason): boolean {
  return unified === 'error' && raw !== undefined
}

/** The model said that it would not answer: Anthropic's word for it. */
export function isRefusal({ raw }: LanguageModelV4FinishReason): boolean {
  return raw === 'refusal'
}
