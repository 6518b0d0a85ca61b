/** From the configuration to its secrets: the places that hold them, and the store that follows them. */
import type { Clock } from '@atp/core/clock'
import {
  type Config,
  type ConfigSecret,
  configSecrets,
  type Environment,
  parseDuration,
  type SecretAt,
  type SecretReference,
  secretOfEnvironment,
  secretOfFile,
  type VaultConfig,
} from '@atp/core/config'
import type { Random } from '@atp/core/random'
import { type LiveSecret, Secret } from '@atp/core/secret'
import {
  addressWithCredentials,
  EnvironmentSource,
  FileSource,
  NamedSource,
  SecretStore,
  type SecretStoreOptions,
  type VaultAuth,
  VaultSource,
} from '@atp/infrastructure/secrets'

export interface SecretSurroundings {
  readonly env: Environment
  readonly clock: Clock
  readonly random: Random
  readonly log: SecretStoreOptions['log']
}

/** Reads nothing yet. @param isWanted which of the configuration's secrets are needed; all, if nothing is said */
export function secretStoreOf(
  config: Config,
  { env, clock, random, log }: SecretSurroundings,
  isWanted: (secret: ConfigSecret) => boolean = () => true,
): SecretStore {
  const { ttl, stale_if_error, sources, vault } = config.secrets
  const places = {
    env: new EnvironmentSource(env),
    file: new FileSource(),
    ...(vault === null ? {} : { vault: vaultOf(vault, env, random) }),
  }
  return new SecretStore({
    secrets: configSecrets(config).filter(isWanted),
    sources: { ...places, secret: new NamedSource(sources, places) },
    policy: { ttlMs: parseDuration(ttl), staleIfErrorMs: parseDuration(stale_if_error) },
    clock,
    random,
    log,
  })
}

/** For who needs the database alone. */
export function isOfDatabase({ field }: ConfigSecret): boolean {
  return field.startsWith('database.')
}

function liveSecret(store: SecretStore, at: SecretAt): LiveSecret {
  return at instanceof Secret ? at : store.get(at)
}

/** @returns null where no server is configured */
export function serverAddress(
  store: SecretStore,
  { url, user, password }: Pick<Config['database'], 'url' | 'user' | 'password'>,
): LiveSecret | null {
  if (url === null) return null
  const optional = (at: SecretReference | null) => (at === null ? null : store.get(at))
  return addressWithCredentials(liveSecret(store, url), optional(user), optional(password))
}

function vaultOf(vault: VaultConfig, env: Environment, random: Random): VaultSource {
  return new VaultSource({
    address: vault.address,
    ...(vault.namespace === undefined ? {} : { namespace: vault.namespace }),
    ...(vault.ca_file === undefined ? {} : { caFile: vault.ca_file }),
    timeoutMs: parseDuration(vault.timeout),
    kvMounts: vault.kv_mounts,
    auth: authOf(vault.auth, env),
    random,
  })
}

/** That each method has what it needs, the configuration's rules have seen to. */
function authOf(auth: VaultConfig['auth'], env: Environment): VaultAuth {
  const mount = auth.mount === undefined ? {} : { mount: auth.mount }
  const credential = (reference: SecretReference | null) => () => {
    if (reference === null) throw new TypeError('a credential of Vault is not configured')
    return reference.place === 'env' ? secretOfEnvironment(reference.path, env) : secretOfFile(reference.path)
  }
  switch (auth.method) {
    case 'token':
      return { method: 'token', token: credential(auth.token) }
    case 'approle':
      return {
        method: 'approle',
        ...mount,
        roleId: credential(auth.role_id),
        secretId: credential(auth.secret_id),
      }
    case 'kubernetes':
      return { method: 'kubernetes', ...mount, role: auth.role ?? '', jwtFile: auth.jwt_file }
  }
}
