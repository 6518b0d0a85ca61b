export type { Arm, Capability, Price } from './arm.ts'
export type { ContextKey } from './contexts/context-key.ts'
export { ContextStore, type ContextStoreOptions } from './contexts/context-store.ts'
export type {
  ContextualArm,
  ContextualChoice,
  ContextualPolicyOptions,
} from './contextual/contextual-policy.ts'
export { ContextualPolicy } from './contextual/contextual-policy.ts'
export { EMBEDDED_PROMPT_FEATURES, withEmbedding } from './contextual/embedding-features.ts'
export { encodeFeatures, featuresOf } from './contextual/features.ts'
export type { PromptEmbedder } from './contextual/prompt-embedder.ts'
export { costOf } from './cost.ts'
export type { Decision, Plan } from './decision.ts'
export { LearnedState } from './learned-state.ts'
export { OutputLengths } from './output-lengths.ts'
export { BudgetPacer } from './pacing/budget-pacer.ts'
export { TenantPacers } from './pacing/tenant-pacers.ts'
export { Rails } from './rails/rails.ts'
export type { Candidate, Constraints, Exclusion, Preset, RoutingRequest, Terms, Weights } from './request.ts'
export { PRESETS } from './request.ts'
export { AUTO, Router, type RouterOptions } from './router.ts'
export { isContextual, ROUTING_STRATEGIES, type RoutingStrategy } from './strategy.ts'
export { Utility, type UtilityReferences } from './utility.ts'
