/** Token figures: the provider's own where it gave them, zero included; a tokenizer's where not, and then marked so. */
import { MOST_TOKENS, type Usage } from '@atp/domain/observation'
import { countPromptTokens, type PromptBody } from './tokenizer.ts'

/** What a provider reported; null where a figure is missing or is no count. */
export interface ReportedUsage {
  readonly inputTokens: number | null
  readonly outputTokens: number | null
}

/** Reads OpenAI's `usage` object; null where it is none. */
export function readUsage(value: unknown): ReportedUsage | null {
  if (typeof value !== 'object' || value === null) return null
  const { prompt_tokens, completion_tokens } = value as Readonly<Record<string, unknown>>
  return { inputTokens: countOrNull(prompt_tokens), outputTokens: countOrNull(completion_tokens) }
}

/** Some providers report what has come to so far with each chunk: of each figure the last one holds. */
export function latest(before: ReportedUsage | null, now: ReportedUsage): ReportedUsage {
  if (before === null) return now
  return {
    inputTokens: now.inputTokens ?? before.inputTokens,
    outputTokens: now.outputTokens ?? before.outputTokens,
  }
}

/** Of a stream that broke off after more than it had reported: what was delivered counts. */
export function atLeast(usage: Usage, deliveredTokens: number): Usage {
  if (deliveredTokens <= usage.outputTokens) return usage
  return { ...usage, outputTokens: deliveredTokens, estimated: true }
}

export function usageOf(
  reported: ReportedUsage | null,
  prompt: PromptBody,
  countOutput: () => number,
): Usage {
  const inputTokens = reported?.inputTokens ?? null
  const outputTokens = reported?.outputTokens ?? null
  return {
    inputTokens: inputTokens ?? countPromptTokens(prompt),
    outputTokens: outputTokens ?? countOutput(),
    estimated: inputTokens === null || outputTokens === null,
  }
}

export function countOrNull(value: unknown): number | null {
  return Number.isInteger(value) && (value as number) >= 0 && (value as number) <= MOST_TOKENS
    ? (value as number)
    : null
}
