/** How large a prompt may be. */
import type { ChatBody } from '../adapter/provider.ts'
import { blocked } from './blocked.ts'
import type { Findings } from './findings.ts'

export interface PromptSize {
  /** As a tokenizer counts them: an estimate for models of other makers. */
  readonly tokens: number
  /** Of what the prompt is made of, in UTF-8. */
  readonly bytes: number
  readonly messages: number
}

export interface PromptSizeOptions {
  readonly mode: 'report' | 'block'
  /** What is not named has no limit, and is not counted. */
  readonly limits: Partial<PromptSize>
  readonly measures: Readonly<Record<keyof PromptSize, (body: ChatBody) => number>>
}

/** The cheapest is counted first. */
const ORDER = ['messages', 'bytes', 'tokens'] as const

/** @throws {AtpError} `guardrail_blocked` */
export function checkPromptSize(
  { mode, limits, measures }: PromptSizeOptions,
  body: ChatBody,
  findings: Findings,
): void {
  for (const kind of ORDER) {
    const limit = limits[kind]
    if (limit === undefined) continue
    const size = measures[kind](body)
    if (size <= limit) continue
    findings.add({ guardrail: 'prompt_size', kind, action: mode })
    if (mode === 'report') continue
    throw blocked('input', {
      guardrail: 'prompt_size',
      kind,
      where: 'messages',
      found: `${size} ${kind}`,
      allowed: `at most ${limit} ${kind}`,
    })
  }
}
