/** The configuration as the gateway uses it: as written, but frozen, with references to its secrets. Durations stay text. */
import type { Secret } from '../secret.ts'
import type { AdapterSchema } from './adapter-schema.ts'
import type { WrittenConfig } from './schema.ts'
import type { SecretReference } from './secret-reference.ts'
import type { SecretsSchema } from './secrets-schema.ts'

type Frozen<T> = T extends object ? { readonly [Key in keyof T]: Frozen<T[Key]> } : T

/** Where a secret is; or the secret itself, where the environment holds it under the key's own name. */
export type SecretAt = SecretReference | Secret

export type AdapterConfig = Frozen<Omit<AdapterSchema, 'api_key' | SigningKey | 'headers'>> & {
  readonly api_key: SecretReference | null
} & { readonly [Key in SigningKey]?: SecretReference } & {
  readonly headers?: Readonly<Record<string, string | SecretReference>>
}

/** What calls to AWS are signed with. */
type SigningKey = 'access_key_id' | 'secret_access_key' | 'session_token'

type VaultAuthSchema = NonNullable<SecretsSchema['vault']>['auth']

export type VaultConfig = Frozen<Omit<NonNullable<SecretsSchema['vault']>, 'auth'>> & {
  readonly auth: Frozen<Omit<VaultAuthSchema, 'token' | 'role_id' | 'secret_id'>> & {
    readonly token: SecretReference | null
    readonly role_id: SecretReference | null
    readonly secret_id: SecretReference | null
  }
}

interface ServerConfig {
  readonly url: SecretAt | null
  readonly user: SecretReference | null
  readonly password: SecretReference | null
}

export type Config = Frozen<Omit<WrittenConfig, 'auth' | 'secrets' | 'database' | 'redis' | 'adapters'>> & {
  readonly auth: Frozen<Omit<WrittenConfig['auth'], 'admin_key'>> & {
    readonly admin_key: SecretReference | null
  }
  readonly secrets: Frozen<Omit<SecretsSchema, 'vault'>> & { readonly vault: VaultConfig | null }
  readonly database: ServerConfig
  readonly redis: Frozen<Omit<WrittenConfig['redis'], keyof ServerConfig>> & ServerConfig
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
