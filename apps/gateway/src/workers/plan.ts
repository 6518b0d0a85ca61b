/** What all workers serve by: the configuration, checked whole before any of them sees it, and who they are together. */
import { type LoadedConfig, loadConfig, localSecretProblems, readConfigText } from '@atp/core/config'
import { AtpError, type FieldProblem } from '@atp/core/errors'
import type { ConfigSource } from '../cli/config-file.ts'

export interface Plan {
  readonly loaded: LoadedConfig
  /** The file and what stood in it; null without a file. */
  readonly configuration: { readonly file: string; readonly text: string } | null
  readonly workers: number
}

/** @throws {AtpError} `invalid_config` with everything that is wrong, also where so many workers cannot act as one */
export function readPlan({ file, env }: ConfigSource, workers: number): Plan {
  const configuration = file === undefined ? null : { file, text: readConfigText(file) }
  const loaded = loadConfig({ ...configuration, env })
  const unreadable = localSecretProblems(loaded.config, env)
  if (unreadable.length > 0) {
    throw new AtpError('invalid_config', { detail: 'Secrets cannot be read.', problems: unreadable })
  }
  const problems = unshared(loaded, workers)
  if (problems.length > 0) {
    throw new AtpError('invalid_config', {
      detail: `${workers} workers cannot act as one by this configuration.`,
      problems,
    })
  }
  return { loaded, configuration, workers }
}

/** @throws {AtpError} `invalid_config` naming what cannot change while the gateway runs */
export function checkReplaceable(plan: Plan, next: Plan): void {
  const [before, after] = [plan.loaded.config, next.loaded.config]
  const problems = [
    changed('server.host', before.server.host, after.server.host),
    changed('server.port', before.server.port, after.server.port),
    changed('data.dir', before.data.dir, after.data.dir),
  ].filter(problem => problem !== null)
  if (problems.length === 0) return
  const detail =
    'Where the gateway listens and what it keeps its journals in cannot change while it runs: restart it.'
  throw new AtpError('invalid_config', { detail, problems })
}

function unshared({ config }: LoadedConfig, workers: number): FieldProblem[] {
  if (config.database.url !== null || workers === 1) return []
  return [
    {
      field: 'database.url',
      found: `nothing, with --workers ${workers}`,
      allowed: 'a Postgres, where workers share tenants, keys and decisions; or one worker',
    },
  ]
}

function changed(field: string, before: string | number, after: string | number): FieldProblem | null {
  if (before === after) return null
  return { field, found: String(after), allowed: `${before}, as it was at the start` }
}
