/** One suite for every implementation; the Rust half is skipped, saying why, where the addon isn't built. */
import { describe } from 'vitest'
import { loadNative, type NativeModule, typescriptNative } from '../src/index.ts'

let reason = ''
const loaded = loadNative({ env: {}, log: message => (reason = message) })

/** The Rust implementation, or null. */
export const rust: NativeModule | null = loaded.implementation === 'rust' ? loaded : null

/** The faster one: both decide alike, which the parity test proves. */
export const fastest: NativeModule = loaded

/** Why there is no Rust half: part of the names of skipped suites. */
export const withoutRust = rust === null ? ` (skipped: ${reason})` : ''

export function describeEach(subject: string, suite: (native: NativeModule) => void): void {
  describe(`${subject} in TypeScript`, () => suite(typescriptNative))
  describe.skipIf(rust === null)(`${subject} in Rust${withoutRust}`, () => suite(rust ?? typescriptNative))
}
