/** Token figures as Anthropic tells them: what was read from a cache stands beside the input, not in it. */
import type { Usage } from '@atp/domain/observation'
import type { ChatUsage } from '../chat-chunks.ts'

/** @param reported the provider's own `usage`, for what it says of its cache */
export function messageUsageOf(usage: Usage, reported: ChatUsage | null | undefined) {
  const cached = reported?.prompt_tokens_details?.cached_tokens
  const read = Number.isInteger(cached) ? Math.min(cached as number, usage.inputTokens) : 0
  return {
    input_tokens: usage.inputTokens - read,
    output_tokens: usage.outputTokens,
    cache_creation_input_tokens: 0,
    cache_read_input_tokens: read,
  }
}
