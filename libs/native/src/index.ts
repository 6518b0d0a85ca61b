export { type LoadOptions, loadNative } from './load.ts'
export type {
  Bandit,
  BanditOptions,
  LatencySketch,
  LinearBandit,
  LinearBanditOptions,
  NativeModule,
  SlidingWindow,
  StrategyName,
} from './types.ts'
export { CONTEXT_FIGURES, STRATEGIES } from './types.ts'
export { typescriptNative } from './typescript/index.ts'
export { KEPT_AT_CHANGE } from './typescript/linear-arm.ts'
export { PROMPT_FEATURES, PROMPT_FEATURES_VERSION } from './typescript/prompt-features.ts'
export { subBucketWidth } from './typescript/sliding-window.ts'
