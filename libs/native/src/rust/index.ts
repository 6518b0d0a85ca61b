/** The interface over a loaded addon. */
import type { NativeModule } from '../types.ts'
import { hash64 } from '../typescript/hash64.ts'
import { beginningToRead } from '../typescript/prompt-features.ts'
import type { Addon } from './addon.ts'
import { RustBandit } from './bandit.ts'
import { RustLatencySketch } from './latency-sketch.ts'
import { RustLinearBandit } from './linear-bandit.ts'
import { RustSlidingWindow } from './sliding-window.ts'

export function rustNative(addon: Addon): NativeModule {
  return {
    implementation: 'rust',
    createBandit: options => new RustBandit(addon, options),
    createLinearBandit: options => new RustLinearBandit(addon, options),
    createSlidingWindow: windowUs => new RustSlidingWindow(addon, windowUs),
    createLatencySketch: halfLifeMs => new RustLatencySketch(addon, halfLifeMs),
    // In TypeScript on both sides: carrying the string across costs more than hashing it.
    hash64,
    // Reading a prompt takes longer than its copy: 6 us beside 22 for 4 KiB, of which the copy takes 0.2.
    promptFeatures: (text, out) => addon.promptFeatures(beginningToRead(text, out), out),
  }
}
