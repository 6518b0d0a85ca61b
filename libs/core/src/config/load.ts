/** From a YAML file and the environment to the configuration: whole and valid, or an error that names every bad key. */
import { Ajv } from 'ajv'
import { AtpError, type FieldProblem } from '../errors.ts'
import { schemaProblems } from '../schema-problems.ts'
import { Secret } from '../secret.ts'
import type { AdapterSchema } from './adapter-schema.ts'
import type { AdapterConfig, Config, LoadedConfig } from './config.ts'
import { readConfigFile } from './config-file.ts'
import { environmentSettings, type Setting } from './environment.ts'
import { HEADER_VALUE_PATTERN } from './header-rules.ts'
import { pathText, setAt, valueAt } from './path.ts'
import { ruleProblems } from './rules.ts'
import { ConfigSchema, type WrittenConfig } from './schema.ts'
import { inSchemaOrder } from './schema-order.ts'
import { type Environment, resolveSecretReference } from './secret-reference.ts'
import { sourcesOf } from './sources.ts'

export interface ConfigInput {
  /** A YAML file, which must exist. Without one, defaults and environment are all there is. */
  readonly file?: string | undefined
  /** What stands in the file, where it was read before. */
  readonly text?: string | undefined
  readonly env: Environment
}

/** @throws AtpError `invalid_config` with every problem: the key, what was found, what is allowed; never a secret */
export function loadConfig({ file, text, env }: ConfigInput): LoadedConfig {
  const fromFile = file === undefined ? {} : readConfigFile(file, text)
  const { settings, warnings } = environmentSettings(env, ConfigSchema)

  const document = structuredClone(fromFile)
  for (const { path, value } of settings) setAt(document, path, value)
  const given = structuredClone(document)
  // Kubernetes goes on sending requests for a while after it asked for the end.
  if (env.KUBERNETES_SERVICE_HOST) setDefault(document, ['shutdown', 'lag'], '5s')

  const problems = validate(document)
  if (problems.length > 0) throw invalid(file, withVariables(problems, settings))
  const written = inSchemaOrder(document, ConfigSchema) as WrittenConfig
  const config = withSecrets(written, env, secretProblems => invalid(file, secretProblems))
  return { config: deepFrozen(config), warnings, sources: sourcesOf(written, given, settings) }
}

function setDefault(document: Record<string, unknown>, path: [string, string], value: string): void {
  if (valueAt(document, path) === undefined) setAt(document, path, value)
}

/** Completes the document with the defaults. */
function validate(document: Record<string, unknown>): FieldProblem[] {
  const ajv = new Ajv({
    allErrors: true,
    verbose: true,
    useDefaults: true,
    formats: { uri: URL.canParse },
  })
  const check = ajv.compile<WrittenConfig>(ConfigSchema)
  return check(document) ? ruleProblems(document) : schemaProblems(check.errors ?? [], 'configuration')
}

/** Tells, of a bad value from the environment, which variable it came from. */
function withVariables(problems: readonly FieldProblem[], settings: readonly Setting[]): FieldProblem[] {
  const variables = new Map(settings.map(({ path, variable }) => [pathText(path), variable]))
  return problems.map(problem => {
    const variable = variables.get(problem.field)
    return variable === undefined ? problem : { ...problem, found: `${problem.found} (from ${variable})` }
  })
}

function withSecrets(
  written: WrittenConfig,
  env: Environment,
  error: (problems: readonly FieldProblem[]) => AtpError,
): Config {
  const problems: FieldProblem[] = []
  const withKey = ({ api_key, ...adapter }: AdapterSchema, index: number): AdapterConfig => {
    try {
      const field = `adapters[${index}].api_key`
      const key = api_key === undefined ? null : resolveSecretReference(api_key, env, field)
      if (key !== null && !HEADER_VALUE.test(key.reveal())) problems.push(notForHeaders(field))
      return { ...adapter, api_key: key }
    } catch (cause) {
      if (!(cause instanceof AtpError)) throw cause
      problems.push(...cause.problems)
      return { ...adapter, api_key: null }
    }
  }
  const secretOf = (text: string | undefined): Secret | null => (text === undefined ? null : new Secret(text))
  const config: Config = {
    ...written,
    auth: { ...written.auth, admin_key: adminKeyOf(written.auth, env, problems) },
    database: { url: secretOf(written.database.url) },
    redis: { ...written.redis, url: secretOf(written.redis.url) },
    adapters: written.adapters.map(withKey),
  }
  if (problems.length > 0) throw error(problems)
  return config
}

function adminKeyOf(
  { admin_key }: WrittenConfig['auth'],
  env: Environment,
  problems: FieldProblem[],
): Secret | null {
  if (admin_key === undefined) return null
  const field = 'auth.admin_key'
  try {
    const key = resolveSecretReference(admin_key, env, field)
    if (ADMIN_KEY.test(key.reveal())) return key
    const allowed =
      'atp_ and 43 letters, digits, hyphens and underscores: 256 random bits, as `atp key` makes them'
    problems.push({ field, found: 'something else, not shown', allowed })
  } catch (cause) {
    if (!(cause instanceof AtpError)) throw cause
    problems.push(...cause.problems)
  }
  return null
}

const ADMIN_KEY = /^atp_[A-Za-z0-9_-]{43}$/

const HEADER_VALUE = new RegExp(HEADER_VALUE_PATTERN)

function notForHeaders(field: string): FieldProblem {
  return {
    field,
    found: 'a key with a character that no header can carry',
    allowed: 'a key of visible ASCII, without a line break',
  }
}

function invalid(file: string | undefined, problems: readonly FieldProblem[]): AtpError {
  const where = file === undefined ? 'The configuration' : `The configuration of ${file} and the environment`
  return new AtpError('invalid_config', { detail: `${where} is not valid.`, problems })
}

function deepFrozen<T>(value: T): T {
  if (typeof value !== 'object' || value === null) return value
  for (const inner of Object.values(value)) deepFrozen(inner)
  return Object.freeze(value)
}
