/** Token figures of OpenAI's Responses, which have names of their own. */
import { type ResponseBody, responsePromptOf } from '@atp/domain/adapter'
import type { Usage } from '@atp/domain/observation'
import { countTextTokens, TOKENS_PER_IMAGE } from '../tokenizer.ts'
import { countOrNull, type ReportedUsage } from '../usage.ts'

/** Null where it is none. */
export function readResponseUsage(value: unknown): ReportedUsage | null {
  if (typeof value !== 'object' || value === null) return null
  const { input_tokens, output_tokens } = value as Readonly<Record<string, unknown>>
  return { inputTokens: countOrNull(input_tokens), outputTokens: countOrNull(output_tokens) }
}

export function responseUsageOf(
  reported: ReportedUsage | null,
  body: ResponseBody,
  countOutput: () => number,
): Usage {
  const { inputTokens = null, outputTokens = null } = reported ?? {}
  return {
    inputTokens: inputTokens ?? countResponseTokens(body),
    outputTokens: outputTokens ?? countOutput(),
    estimated: inputTokens === null || outputTokens === null,
  }
}

/** Of its prompt. */
export function countResponseTokens(body: ResponseBody): number {
  const { texts, attachments } = responsePromptOf(body)
  return countTextTokens(texts) + attachments * TOKENS_PER_IMAGE
}
