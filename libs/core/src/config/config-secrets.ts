/** Every secret that a configuration names: which key needs it, where it is, and what it must look like. */
import type { FieldProblem } from '../errors.ts'
import { Secret } from '../secret.ts'
import { SecretUnreadable } from '../secret-source.ts'
import type { Config } from './config.ts'
import { HEADER_VALUE_PATTERN } from './header-rules.ts'
import { type Environment, secretOfEnvironment, secretOfFile } from './local-secret.ts'
import type { SecretReference } from './secret-reference.ts'

/** What a value must look like, and the same in words. */
export interface SecretRule {
  readonly pattern: RegExp
  readonly found: string
  readonly allowed: string
}

export interface ConfigSecret {
  readonly field: string
  readonly reference: SecretReference
  readonly rule: SecretRule
}

export function configSecrets({ auth, database, redis, adapters, secrets }: Config): ConfigSecret[] {
  const vault = secrets.vault?.auth
  return [
    ...named('auth.admin_key', auth.admin_key, ADMIN_KEY),
    ...named('database.url', database.url, POSTGRES_URL),
    ...named('database.user', database.user, ANYTHING),
    ...named('database.password', database.password, ANYTHING),
    ...named('redis.url', redis.url, REDIS_URL),
    ...named('redis.user', redis.user, ANYTHING),
    ...named('redis.password', redis.password, ANYTHING),
    ...named('secrets.vault.auth.token', vault?.token, ONE_LINE),
    ...named('secrets.vault.auth.role_id', vault?.role_id, ONE_LINE),
    ...named('secrets.vault.auth.secret_id', vault?.secret_id, ONE_LINE),
    ...adapters.flatMap(
      ({ api_key, access_key_id, secret_access_key, session_token, headers = {} }, index) => [
        ...named(`adapters[${index}].api_key`, api_key, HEADER_VALUE),
        ...named(`adapters[${index}].access_key_id`, access_key_id, ONE_LINE),
        ...named(`adapters[${index}].secret_access_key`, secret_access_key, ONE_LINE),
        ...named(`adapters[${index}].session_token`, session_token, ONE_LINE),
        ...Object.entries(headers).flatMap(([name, value]) =>
          named(`adapters[${index}].headers.${name}`, typeof value === 'string' ? null : value, HEADER_VALUE),
        ),
      ],
    ),
  ]
}

/** What is wrong with those that this machine holds, as far as it can be told without asking anybody else. */
export function localSecretProblems(config: Config, env: Environment): FieldProblem[] {
  return configSecrets(config).flatMap(secret => {
    try {
      const { place, path } = secret.reference
      if (place !== 'env' && place !== 'file') return []
      const value = place === 'env' ? secretOfEnvironment(path, env) : secretOfFile(path)
      return secret.rule.pattern.test(value.reveal()) ? [] : [unusableSecret(secret)]
    } catch (error) {
      if (!(error instanceof SecretUnreadable)) throw error
      return [unreadableSecret(secret, error)]
    }
  })
}

export function unreadableSecret({ field, reference }: ConfigSecret, error: SecretUnreadable): FieldProblem {
  const allowed = 'a secret that can be read: env:NAME, file:/path, vault:mount/path#field, or secret:NAME'
  return { field, found: `${reference}, ${error.message}`, allowed }
}

export function unusableSecret({ field, reference, rule }: ConfigSecret): FieldProblem {
  return { field, found: `${reference}, with ${rule.found}`, allowed: rule.allowed }
}

function named(
  field: string,
  secret: SecretReference | Secret | null | undefined,
  rule: SecretRule,
): ConfigSecret[] {
  return secret == null || secret instanceof Secret ? [] : [{ field, reference: secret, rule }]
}

const ANYTHING: SecretRule = { pattern: /^/, found: 'nothing', allowed: 'a text' }

const ONE_LINE: SecretRule = {
  pattern: /^[\x21-\x7e]+$/,
  found: 'a character that no credential has',
  allowed: 'visible ASCII, without a space or a line break',
}

const HEADER_VALUE: SecretRule = {
  pattern: new RegExp(HEADER_VALUE_PATTERN),
  found: 'a character that no header can carry',
  allowed: 'a key of visible ASCII, without a line break',
}

const ADMIN_KEY: SecretRule = {
  pattern: /^atp_[A-Za-z0-9_-]{43}$/,
  found: 'something else, not shown',
  allowed: 'atp_ and 43 letters, digits, hyphens and underscores: 256 random bits, as `atp key` makes them',
}

const POSTGRES_URL: SecretRule = {
  pattern: /^postgres(?:ql)?:\/\//,
  found: 'something else, not shown because it may hold a password',
  allowed: 'postgresql://user:password@host:port/database',
}

const REDIS_URL: SecretRule = {
  pattern: /^rediss?:\/\//,
  found: 'something else, not shown because it may hold a password',
  allowed: 'redis:// or rediss://',
}
