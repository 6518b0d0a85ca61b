/** The whole interface in TypeScript: the fallback where no addon can be loaded, and the reference of the parity tests. */
import type { NativeModule } from '../types.ts'
import { TypeScriptBandit } from './bandit.ts'
import { hash64 } from './hash64.ts'
import { TypeScriptLatencySketch } from './latency-sketch.ts'
import { TypeScriptLinearBandit } from './linear-bandit.ts'
import { promptFeatures } from './prompt-features.ts'
import { TypeScriptSlidingWindow } from './sliding-window.ts'

export const typescriptNative: NativeModule = {
  implementation: 'typescript',
  createBandit: options => new TypeScriptBandit(options),
  createLinearBandit: options => new TypeScriptLinearBandit(options),
  createSlidingWindow: windowUs => new TypeScriptSlidingWindow(windowUs),
  createLatencySketch: halfLifeMs => new TypeScriptLatencySketch(halfLifeMs),
  hash64,
  promptFeatures,
}
