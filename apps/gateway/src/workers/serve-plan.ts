/**
 * `atp serve --workers N`: the primary's process. SIGHUP has the workers replaced by the configuration as it is then; SIGTERM and SIGINT
 * have them stop, and a second one ends them all at once.
 */
import { systemClock } from '@atp/core/clock'
import { createLogger, flushLogger } from '@atp/core/logging'
import { SystemRandom } from '@atp/core/random'
import { loadNative } from '@atp/native'
import { explainBadConfig } from '../cli/config.ts'
import type { ConfigSource } from '../cli/config-file.ts'
import { explanation } from '../cli/explanation.ts'
import { sayListening } from '../cli/say-listening.ts'
import { stopOnSignal } from '../cli/stop-on-signal.ts'
import { isOfDatabase, secretStoreOf, serverAddress } from '../secrets/open-secrets.ts'
import { Journals } from './journals.ts'
import { type Plan, readPlan } from './plan.ts'
import { Primary } from './primary.ts'
import { launchWorker } from './process.ts'
import { Reload } from './reload.ts'

export interface ServePlanOptions {
  readonly source: ConfigSource
  readonly workers: number
  readonly dev: boolean
}

export async function servePlan({ source, workers, dev }: ServePlanOptions): Promise<void> {
  let plan: Plan
  try {
    plan = readPlan(source, workers)
  } catch (error) {
    return explainBadConfig(error)
  }
  for (const warning of plan.loaded.warnings) process.stderr.write(`${warning}\n`)
  const { config } = plan.loaded
  const log = createLogger({ level: config.log.level })
  const clock = systemClock
  const random = new SystemRandom()
  const secrets = secretStoreOf(config, { env: source.env, clock, random, log }, isOfDatabase)
  let journals: Journals | undefined
  const primary = new Primary({
    launch: launchWorker,
    plan,
    dev,
    log,
    clock,
    onComplete: () => journals?.adopt(),
    native: loadNative({ log: message => log.warn(message) }),
    onHopeless: reason => void giveUp(reason),
  })
  let isStopping = false
  const stop = async () => {
    isStopping = true
    const unfinished = await primary.stop()
    await journals?.release()
    await secrets.close()
    await flushLogger(log)
    return { unfinished }
  }
  const giveUp = async (reason: string): Promise<void> => {
    log.fatal(`the gateway ends: ${reason}`)
    await stop()
    process.exit(1)
  }
  stopOnSignal(stop)
  const started = Promise.withResolvers<void>()
  const reload = new Reload(primary, () => readPlan(source, workers), log)
  process.on('SIGHUP', () => void started.promise.then(() => reload.request()))
  // Also where a second signal ends this process at once.
  process.once('exit', () => primary.kill())
  try {
    await secrets.open()
    const databaseUrl = serverAddress(secrets, config.database)
    journals = new Journals({ config, databaseUrl, log, clock, random })
    const begun = await primary.start()
    started.resolve()
    sayListening(begun)
  } catch (error) {
    // Told to stop while it started: who told it ends the process.
    if (isStopping) return
    process.stderr.write(`the gateway did not start: ${explanation(error)}\n`)
    process.exit(1)
  }
}
