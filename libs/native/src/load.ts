/** Picks the implementation once, at start: whatever is wrong with the addon, the process gets one that works. */
import { fileURLToPath } from 'node:url'
import { findAddon } from './rust/find-addon.ts'
import { rustNative } from './rust/index.ts'
import type { NativeModule } from './types.ts'
import { typescriptNative } from './typescript/index.ts'

export interface LoadOptions {
  /** Told, in one plain line, where and why the TypeScript implementation is used. */
  readonly log?: (message: string) => void
  /** Where `ATP_NATIVE` is read from; the process's environment if not given. */
  readonly env?: { readonly ATP_NATIVE?: string | undefined }
  /** The folder of the addon; this package's own if not given. */
  readonly addonDirectory?: string
}

/** Beside `src` and `dist` alike. */
const ADDON_DIRECTORY = fileURLToPath(new URL('../addon/', import.meta.url))

/** The Rust addon where it can be loaded and `ATP_NATIVE` isn't `off`; otherwise the TypeScript implementation. */
export function loadNative(options: LoadOptions = {}): NativeModule {
  const { log = () => {}, env = process.env, addonDirectory = ADDON_DIRECTORY } = options
  if (env.ATP_NATIVE === 'off') {
    log('native: TypeScript is used, because ATP_NATIVE is off')
    return typescriptNative
  }
  try {
    return rustNative(findAddon(addonDirectory))
  } catch (error) {
    log(`native: TypeScript is used, because ${error instanceof Error ? error.message : String(error)}`)
    return typescriptNative
  }
}
