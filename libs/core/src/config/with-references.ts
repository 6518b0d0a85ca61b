/** From the configuration as it is written to the one that is used: what refers to a secret is a reference. */
import { isSecretName } from '../redaction.ts'
import { Secret } from '../secret.ts'
import type { AdapterSchema } from './adapter-schema.ts'
import type { AdapterConfig, Config, SecretAt, VaultConfig } from './config.ts'
import type { WrittenConfig } from './schema.ts'
import { SecretReference } from './secret-reference.ts'

/** @param written valid, so that each reference is one */
export function withReferences(written: WrittenConfig): Config {
  const { auth, secrets, database, redis, adapters } = written
  return {
    ...written,
    auth: { ...auth, admin_key: referenceTo(auth.admin_key) },
    secrets: { ...secrets, vault: vaultOf(secrets.vault) },
    database: serverOf(database),
    redis: { ...redis, ...serverOf(redis) },
    adapters: adapters.map(adapterOf),
  }
}

function serverOf({ url, user, password }: WrittenConfig['database']): Config['database'] {
  return { url: secretAt(url), user: referenceTo(user), password: referenceTo(password) }
}

function vaultOf(vault: WrittenConfig['secrets']['vault']): VaultConfig | null {
  if (vault === undefined) return null
  const { token, role_id, secret_id, ...auth } = vault.auth
  return {
    ...vault,
    auth: {
      ...auth,
      token: referenceTo(token),
      role_id: referenceTo(role_id),
      secret_id: referenceTo(secret_id),
    },
  }
}

function adapterOf(written: AdapterSchema): AdapterConfig {
  const { api_key, access_key_id, secret_access_key, session_token, headers, ...adapter } = written
  const keys = {
    api_key: referenceTo(api_key),
    ...referred({ access_key_id, secret_access_key, session_token }),
  }
  if (headers === undefined) return { ...adapter, ...keys }
  const referring = Object.entries(headers).map(([name, value]) => [name, headerOf(name, value)] as const)
  return { ...adapter, ...keys, headers: Object.fromEntries(referring) }
}

/** Those that are there. */
function referred<Key extends string>(
  written: Readonly<Record<Key, string | undefined>>,
): { [Name in Key]?: SecretReference } {
  const references = Object.entries<string | undefined>(written).map(([name, text]) => [
    name,
    referenceTo(text),
  ])
  return Object.fromEntries(references.filter(([, reference]) => reference !== null))
}

/** What merely looks like a reference, in a header that holds no secret, is meant as it stands. */
function headerOf(name: string, value: string): string | SecretReference {
  return isSecretName(name) ? (SecretReference.parse(value) ?? value) : value
}

function referenceTo(text: string | undefined): SecretReference | null {
  return text === undefined ? null : SecretReference.parse(text)
}

function secretAt(text: string | undefined): SecretAt | null {
  return text === undefined ? null : (SecretReference.parse(text) ?? new Secret(text))
}
