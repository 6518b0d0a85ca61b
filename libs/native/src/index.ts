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
export { STRATEGIES } from './types.ts'
export { typescriptNative } from './typescript/index.ts'
