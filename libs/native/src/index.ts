export type {
  Bandit,
  BanditOptions,
  LatencySketch,
  NativeModule,
  SlidingWindow,
  StrategyName,
} from './types.ts'
export { STRATEGIES } from './types.ts'
