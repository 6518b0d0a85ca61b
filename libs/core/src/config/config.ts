/** The configuration as the gateway uses it: as written, but frozen, with its secrets resolved. Durations stay text. */
import type { Secret } from '../secret.ts'
import type { AdapterSchema } from './adapter-schema.ts'
import type { WrittenConfig } from './schema.ts'

type Frozen<T> = T extends object ? { readonly [Key in keyof T]: Frozen<T[Key]> } : T

export type AdapterConfig = Frozen<Omit<AdapterSchema, 'api_key'>> & { readonly api_key: Secret | null }

export type Config = Frozen<Omit<WrittenConfig, 'auth' | 'database' | 'redis' | 'adapters'>> & {
  readonly auth: Frozen<Omit<WrittenConfig['auth'], 'admin_key'>> & { readonly admin_key: Secret | null }
  readonly database: { readonly url: Secret | null }
  readonly redis: Frozen<Omit<WrittenConfig['redis'], 'url'>> & { readonly url: Secret | null }
  readonly adapters: readonly AdapterConfig[]
}

/** Where a value came from. */
export type ConfigSource = 'default' | 'file' | 'env'

export interface LoadedConfig {
  readonly config: Config
  /** What doesn't stop the start but deserves a line in the log. */
  readonly warnings: readonly string[]
  /** From the path of each value (`adapters[0].base_url`) to where it came from. */
  readonly sources: Readonly<Record<string, ConfigSource>>
}
