/** `atp serve`: start, listen, and stop on a signal. */
import cluster from 'node:cluster'
import { type LoadedConfig, loadConfig } from '@atp/core/config'
import { AtpError } from '@atp/core/errors'
import { compose } from '../composition.ts'
import { Gateway } from '../gateway.ts'
import * as T from '../tokens.ts'
import { explainBadConfig } from './config.ts'
import { configFileOf } from './config-file.ts'
import { makeDevelopmentKeys } from './development-notes.ts'
import { explanation } from './explanation.ts'
import { sayListening } from './say-listening.ts'
import { stopOnSignal } from './stop-on-signal.ts'

export interface ServeOptions {
  readonly config?: string
  /** Makes a tenant `dev` and its key, kept in the data directory. */
  readonly dev?: boolean
  /** Processes that serve on the same port. */
  readonly workers?: number
}

export async function serve(options: ServeOptions): Promise<void> {
  if (cluster.isWorker) return (await import('../workers/worker.ts')).runWorker()
  const { config, dev = false, workers = 1 } = options
  if (workers === 1) return serveAlone({ config, dev })
  const { servePlan } = await import('../workers/serve-plan.ts')
  return servePlan({ source: configFileOf(config), workers, dev })
}

async function serveAlone({ config, dev }: { config: string | undefined; dev: boolean }): Promise<void> {
  let loaded: LoadedConfig
  try {
    loaded = loadConfig(configFileOf(config))
  } catch (error) {
    return explainBadConfig(error)
  }
  for (const warning of loaded.warnings) process.stderr.write(`${warning}\n`)
  let gateway: Gateway | undefined
  const stopBecause = stopOnSignal(async () => (await gateway?.stop()) ?? NOTHING_LOST)
  process.on('SIGHUP', () => process.stderr.write(`${NO_RELOAD}\n`))
  try {
    const container = await compose(loaded)
    // Another process can record again; this one would only refuse.
    void container.resolve(T.DATABASE).lost.then(({ message }) => stopBecause(message))
    gateway = new Gateway(container)
    const url = await gateway.start()
    const notes = dev ? await makeDevelopmentKeys(container, loaded.config.data.dir) : []
    sayListening({ url, notes })
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

const NO_RELOAD =
  'SIGHUP reloads nothing in a single process, which serves on as it is: with --workers 2 and more they are replaced one after the other'
