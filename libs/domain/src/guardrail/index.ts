/** Guardrails at the door: the port, and what is done about what they find. */
export type { AnswerGuard, GuardedCompletion, Guardrails } from './answer-guard.ts'
export { type Finding, Findings } from './findings.ts'
export type {
  Decided,
  Detector,
  Direction,
  GuardrailMode,
  GuardrailName,
  Reading,
  Span,
  TextGuard,
} from './guardrail.ts'
export type { PromptSize, PromptSizeOptions } from './prompt-size.ts'
export { type GuardedRequest, RequestGuard, type RequestGuardOptions } from './request-guard.ts'
export { type FoundString, replaceStrings } from './strings-in.ts'
export { filterOf, filterWhole, type Place, type TextFilter } from './text-filter.ts'
