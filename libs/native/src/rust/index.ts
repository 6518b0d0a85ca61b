/** The interface over a loaded addon. */

import type { NativeModule } from '../types.ts'
import { hash64 } from '../typescript/hash64.ts'
import type { Addon } from './addon.ts'
import { RustBandit } from './bandit.ts'

export function rustNative(addon: Addon): NativeModule {
  return {
    implementation: 'rust',
    createBandit: ({ halfLifeMs, ucbExploration = 1 }) =>
      new RustBandit(new addon.Bandit(halfLifeMs, ucbExploration)),
    createSlidingWindow: (windowUs, limit) => new addon.SlidingWindow(windowUs, limit),
    createLatencySketch: halfLifeMs => new addon.LatencySketch(halfLifeMs),
    // In TypeScript on both sides: carrying the string across costs more than hashing it.
    hash64,
  }
}
