/** Token figures in OpenAI's shape. */
import type { LanguageModelV4Usage } from '@ai-sdk/provider'
import type { Usage } from '@atp/domain/observation'
import { type ReportedUsage, readUsage } from '../usage.ts'

/** The provider's own; null where a figure is missing or is no count. */
export function reportedUsage({ inputTokens, outputTokens }: LanguageModelV4Usage): ReportedUsage {
  const figures = { prompt_tokens: inputTokens.total, completion_tokens: outputTokens.total }
  return readUsage(figures) as ReportedUsage
}

/**
 * @param usage what is billed
 * @param told by the provider, where it told anything: of its input, what came from a cache; of its output, what was reasoning
 */
export function openAiUsage({ inputTokens, outputTokens }: Usage, told: LanguageModelV4Usage | null): object {
  const cached = told?.inputTokens.cacheRead
  const reasoning = told?.outputTokens.reasoning
  return {
    prompt_tokens: inputTokens,
    completion_tokens: outputTokens,
    total_tokens: inputTokens + outputTokens,
    ...(cached === undefined ? {} : { prompt_tokens_details: { cached_tokens: cached } }),
    ...(reasoning === undefined ? {} : { completion_tokens_details: { reasoning_tokens: reasoning } }),
  }
}
