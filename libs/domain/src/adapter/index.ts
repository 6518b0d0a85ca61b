export type { Adapter } from './adapter.ts'
export { validateAdapter } from './adapter.ts'
export type { AdapterCall } from './adapter-call.ts'
export type { BreakerOptions, BreakerState, FailureRate, Permit } from './breaker.ts'
export { BREAKER_DEFAULTS, CircuitBreaker } from './breaker.ts'
export type { Admission, ConcurrencyOptions } from './concurrency-limit.ts'
export { ConcurrencyLimit } from './concurrency-limit.ts'
export type { EmbeddingAnswer, EmbeddingBody, EmbeddingCall, EmbeddingInput } from './embedding.ts'
export type { CallResult, HealthSnapshot, Phase } from './health.ts'
export { CallHealth } from './health.ts'
export type {
  CallTerms,
  ChatBody,
  ChatMessage,
  Completion,
  CompletionStream,
  Provider,
  ProviderCall,
  StreamSummary,
  UpstreamFailure,
} from './provider.ts'
export { PROMPT_FIELDS, UpstreamError } from './provider.ts'
export type { Unavailable } from './registered-adapter.ts'
export type { AdapterHealth, AdapterRegistryOptions, ArmHealth } from './registry.ts'
export { AdapterRegistry } from './registry.ts'
export type { ResponseAnswer, ResponseBody, ResponsePrompt, Responses } from './response.ts'
export { responsePromptOf } from './response.ts'
export type { RetryBudgetOptions, RetryKind } from './retry-budget.ts'
export { RETRY_KINDS, RetryBudget } from './retry-budget.ts'
export { Trial } from './trial.ts'
