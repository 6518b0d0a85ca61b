/** `atp serve`: start, listen, and stop on a signal. A second signal ends the process at once. */
import cluster from 'node:cluster'
import { type LoadedConfig, loadConfig } from '@atp/core/config'
import { compose } from '../composition.ts'
import { Gateway } from '../gateway.ts'
import { explainBadConfig } from './config.ts'
import { configFileOf } from './config-file.ts'
import { makeDevelopmentKeys } from './development-notes.ts'
import { explanation } from './explanation.ts'
import { sayListening } from './say-listening.ts'

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
  try {
    const container = await compose(loaded)
    const gateway = new Gateway(container)
    stopOnSignal(gateway)
    const url = await gateway.start()
    const notes = dev ? await makeDevelopmentKeys(container, loaded.config.data.dir) : []
    sayListening({ url, notes })
  } catch (error) {
    process.stderr.write(`the gateway did not start: ${explanation(error)}\n`)
    // Not just an exit code: the journal's thread may be open already.
    process.exit(1)
  }
}

function stopOnSignal(gateway: Gateway): void {
  let stopping = false
  const onSignal = (): void => {
    if (stopping) process.exit(1)
    stopping = true
    gateway.stop().then(
      () => process.exit(0),
      () => process.exit(1),
    )
  }
  process.on('SIGHUP', () => process.stderr.write(`${NO_RELOAD}\n`))
  process.on('SIGTERM', onSignal)
  process.on('SIGINT', onSignal)
}

const NO_RELOAD =
  'SIGHUP reloads nothing in a single process, which serves on as it is: with --workers 2 and more they are replaced one after the other'
