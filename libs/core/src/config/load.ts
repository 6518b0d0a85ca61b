/** From a YAML file and the environment to the configuration: whole and valid, or an error that names every bad key. */
import { Ajv } from 'ajv'
import { AtpError, type FieldProblem } from '../errors.ts'
import { schemaProblems } from '../schema-problems.ts'
import { fillFromCatalogues } from './catalogue-completion.ts'
import { fillFromPresets } from './completion.ts'
import type { LoadedConfig } from './config.ts'
import { readConfigFile } from './config-file.ts'
import { environmentSettings, type Setting } from './environment.ts'
import type { Environment } from './local-secret.ts'
import { pathText, setAt, valueAt } from './path.ts'
import { ruleProblems } from './rules.ts'
import { ConfigSchema, type WrittenConfig } from './schema.ts'
import { inSchemaOrder } from './schema-order.ts'
import { literalSecretProblems } from './secret-rules.ts'
import { sourcesOf } from './sources.ts'
import { withReferences } from './with-references.ts'

export interface ConfigInput {
  /** A YAML file, which must exist. Without one, defaults and environment are all there is. */
  readonly file?: string | undefined
  /** What stands in the file, where it was read before. */
  readonly text?: string | undefined
  readonly env: Environment
}

/** Reads no secret. @throws AtpError `invalid_config` with every problem: the key, what was found, what is allowed; never a secret */
export function loadConfig({ file, text, env }: ConfigInput): LoadedConfig {
  const fromFile = file === undefined ? {} : readConfigFile(file, text)
  const { settings, warnings } = environmentSettings(env, ConfigSchema)

  const document = structuredClone(fromFile)
  for (const { path, value } of settings) setAt(document, path, value)
  const given = structuredClone(document)
  // Kubernetes goes on sending requests for a while after it asked for the end.
  if (env.KUBERNETES_SERVICE_HOST) setDefault(document, ['shutdown', 'lag'], '5s')

  const filled = fillFromPresets(document)
  const missing = fillFromCatalogues(document, filled)
  const problems = [...literalSecretProblems(fromFile), ...validate(document), ...missing]
  if (problems.length > 0) throw invalid(file, withVariables(problems, settings))
  const written = inSchemaOrder(document, ConfigSchema) as WrittenConfig
  const config = deepFrozen(withReferences(written))
  return { config, warnings, sources: sourcesOf(written, given, settings, filled) }
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

function invalid(file: string | undefined, problems: readonly FieldProblem[]): AtpError {
  const where = file === undefined ? 'The configuration' : `The configuration of ${file} and the environment`
  return new AtpError('invalid_config', { detail: `${where} is not valid.`, problems })
}

function deepFrozen<T>(value: T): T {
  if (typeof value !== 'object' || value === null) return value
  for (const inner of Object.values(value)) deepFrozen(inner)
  return Object.freeze(value)
}
