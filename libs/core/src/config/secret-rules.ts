/** What a schema cannot say about secrets: that they are not written into the file, and that the way to them is complete. */
import type { FieldProblem } from '../errors.ts'
import { isSecretName, REDACTED } from '../redaction.ts'
import { configSecrets } from './config-secrets.ts'
import type { WrittenConfig } from './schema.ts'
import { REFERENCE_EXAMPLES, SecretReference } from './secret-reference.ts'
import { withReferences } from './with-references.ts'

const REFERENCES = `a reference such as ${REFERENCE_EXAMPLES.join(', ')}`

/** Secrets that stand in the file as they are; in the environment they may. @param file as it was parsed, of any shape */
export function literalSecretProblems(file: unknown): FieldProblem[] {
  const { database, redis, adapters } = file as Loose
  return [
    ...passwordIn(database?.url, 'database.url', 'DATABASE_URL', 'database.password'),
    ...passwordIn(redis?.url, 'redis.url', 'REDIS_URL', 'redis.password'),
    ...(Array.isArray(adapters) ? adapters : []).flatMap((adapter, index) =>
      Object.entries(adapter?.headers ?? {})
        .filter(([name, value]) => isSecretName(name) && SecretReference.parse(String(value)) === null)
        .map(([name]) => ({
          field: `adapters[${index}].headers.${name}`,
          found: `${REDACTED}, a secret by its name`,
          allowed: `${REFERENCES}: secrets are not written into this file`,
        })),
    ),
  ]
}

function passwordIn(url: unknown, field: string, variable: string, key: string): FieldProblem[] {
  if (typeof url !== 'string' || !/^[a-z]+:\/\/[^/@]*:[^/]+@/i.test(url)) return []
  const allowed = `an address without its password, which ${key} refers to; or the whole of it in ${variable}, or as ${REFERENCES}`
  return [{ field, found: 'an address with a password', allowed }]
}

/** The parts of a file that has not been validated. */
interface Loose {
  readonly database?: { readonly url?: unknown } | null
  readonly redis?: { readonly url?: unknown } | null
  readonly adapters?: readonly ({ readonly headers?: Readonly<Record<string, unknown>> } | null)[]
}

export function secretProblems(config: WrittenConfig): FieldProblem[] {
  if (config.secrets.vault !== undefined) return authProblems(config.secrets.vault.auth)
  const allowed = 'another place, or secrets.vault.address and the rest of secrets.vault'
  const direct = configSecrets(withReferences(config))
    .filter(({ reference }) => reference.place === 'vault')
    .map(({ field, reference }) => ({ field, found: `${reference}, and no Vault`, allowed }))
  const named = config.secrets.sources.flatMap(({ from }, index) =>
    from.startsWith('vault:')
      ? [{ field: `secrets.sources[${index}].from`, found: `${from}, and no Vault`, allowed }]
      : [],
  )
  return [...direct, ...named]
}

function authProblems(auth: NonNullable<WrittenConfig['secrets']['vault']>['auth']): FieldProblem[] {
  const needed = { token: ['token'], approle: ['role_id', 'secret_id'], kubernetes: ['role'] } as const
  return needed[auth.method]
    .filter(key => auth[key as keyof typeof auth] === undefined)
    .map(key => ({
      field: `secrets.vault.auth.${key}`,
      found: 'nothing',
      allowed: `what the method ${auth.method} needs: ${needed[auth.method].join(' and ')}`,
    }))
}
