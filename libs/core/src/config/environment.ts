/** What the environment says of the configuration. It wins over the file. */
import { parseDocument } from 'yaml'
import { nearest } from '../nearest.ts'
import { everyName, keyNamed, type NamedKey, PREFIX, type WalkedSchema } from './environment-names.ts'
import type { Environment } from './local-secret.ts'
import type { Path } from './path.ts'

export interface Setting {
  readonly variable: string
  readonly path: Path
  readonly value: unknown
}

export interface EnvironmentSettings {
  /** Whole lists and sections first, so that what is said of their parts wins. */
  readonly settings: readonly Setting[]
  readonly warnings: readonly string[]
}

/** Names that others gave to our keys; ours win over them. */
const ALIASES: Readonly<Record<string, string>> = {
  DATABASE_URL: 'ATP_DATABASE_URL',
  REDIS_URL: 'ATP_REDIS_URL',
}
/** Ours too, but no configuration keys: the file's own name, which mathematics is loaded, and an administrator's key. */
const NO_KEYS = new Set(['ATP_ADMIN_KEY', 'ATP_CONFIG', 'ATP_NATIVE'])

/** An empty variable counts as unset: compose files pass on what isn't set as empty. */
export function environmentSettings(env: Environment, schema: WalkedSchema): EnvironmentSettings {
  const settings: Setting[] = []
  const warnings: string[] = []
  for (const [variable, text] of Object.entries(env)) {
    const alias = ALIASES[variable]
    if (!text || NO_KEYS.has(variable) || !(alias || variable.startsWith(PREFIX))) continue
    if (alias && env[alias]) continue
    const key = keyNamed(alias ?? variable, schema)
    if (!key) warnings.push(notAKey(variable, schema))
    else if (isServiceLink(variable, text))
      warnings.push(`${variable} is a Kubernetes service link and is ignored`)
    else settings.push({ variable, path: key.path, value: readAs(text, key) })
  }
  return { settings: settings.sort((a, b) => a.path.length - b.path.length), warnings }
}

/** Kubernetes sets `ATP_SERVER_PORT=tcp://10.0.0.7:80` in each pod beside a service called atp-server. */
function isServiceLink(variable: string, text: string): boolean {
  return variable.endsWith('_PORT') && /^(?:tcp|udp|sctp):\/\//.test(text)
}

function notAKey(variable: string, schema: WalkedSchema): string {
  const meant = nearest(variable, everyName(schema))
  return `${variable} names no configuration key and is ignored${meant ? ` (did you mean ${meant}?)` : ''}`
}

/** Text stays text where the schema wants text; elsewhere it is read as YAML, of which JSON is a part. */
function readAs(text: string, { schema }: NamedKey): unknown {
  if (!['integer', 'number', 'boolean', 'array', 'object'].includes(schema.type ?? 'string')) return text
  const document = parseDocument(text, { prettyErrors: false })
  // What cannot be read stays text, which validation then reports as what was found.
  return document.errors.length > 0 ? text : document.toJS({ maxAliasCount: 100 })
}
