/** `atp serve`: start, listen, and stop on a signal. */
import { type LoadedConfig, loadConfig, renderProblems } from '@atp/core/config'
import type { AppContainer } from '@atp/core/container'
import { AtpError } from '@atp/core/errors'
import { compose } from '../composition.ts'
import { Gateway } from '../gateway.ts'
import { developmentKeys } from '../tenancy/development-keys.ts'
import * as T from '../tokens.ts'
import { explainBadConfig } from './config.ts'
import { configFileOf } from './config-file.ts'
import { stopOnSignal } from './stop-on-signal.ts'

export interface ServeOptions {
  readonly config?: string
  /** Makes a tenant `dev` and its key, kept in the data directory. */
  readonly dev?: boolean
}

export async function serve({ config, dev = false }: ServeOptions): Promise<void> {
  let loaded: LoadedConfig
  try {
    loaded = loadConfig(configFileOf(config))
  } catch (error) {
    return explainBadConfig(error)
  }
  for (const warning of loaded.warnings) process.stderr.write(`${warning}\n`)
  let gateway: Gateway | undefined
  stopOnSignal(async () => (await gateway?.stop()) ?? NOTHING_LOST)
  try {
    const container = await compose(loaded)
    gateway = new Gateway(container)
    const url = await gateway.start()
    if (dev && loaded.config.auth.enabled) await sayDevelopmentKeys(container)
    process.stdout.write(`listening ${url}\n`)
  } catch (error) {
    // Told to stop while it started: who told it ends the process.
    if (error instanceof AtpError && error.code === 'shutting_down') return
    process.stderr.write(`the gateway did not start: ${explanation(error)}\n`)
    // Not just an exit code: the journal's thread may be open already.
    process.exit(1)
  }
}

/** Before there is a gateway. */
const NOTHING_LOST = { unfinished: [] }

/** Where the keys are, not what they are: standard output is the log. */
async function sayDevelopmentKeys({ resolve }: AppContainer): Promise<void> {
  const { dataKeyFile, adminKeyFile } = await developmentKeys({
    dataDir: resolve(T.CONFIG).data.dir,
    directory: resolve(T.DIRECTORY),
    tenants: resolve(T.TENANTS),
    keys: resolve(T.KEYS),
    clock: resolve(T.CLOCK),
  })
  process.stdout.write(`dev key in ${dataKeyFile}\n`)
  if (adminKeyFile !== null) process.stdout.write(`admin key in ${adminKeyFile}\n`)
}

function explanation(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const problems = error instanceof AtpError ? error.problems : []
  return problems.length === 0 ? error.message : `${error.message}\n${renderProblems(problems)}`
}
