/**
 * `atp serve --workers N`: the primary's process. SIGHUP has the workers replaced by the configuration as it is then; SIGTERM and SIGINT
 * have them stop, and a second one ends them at once.
 */
import { systemClock } from '@atp/core/clock'
import { newId } from '@atp/core/ids'
import { createLogger, flushLogger, type Logger } from '@atp/core/logging'
import { SystemRandom } from '@atp/core/random'
import { DataDirectory } from '@atp/infrastructure/database'
import { explainBadConfig } from '../cli/config.ts'
import type { ConfigSource } from '../cli/config-file.ts'
import { explanation } from '../cli/explanation.ts'
import { sayListening } from '../cli/say-listening.ts'
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
  const log = createLogger({ level: plan.loaded.config.log.level })
  const primary = new Primary({
    launch: launchWorker,
    plan,
    dev,
    log,
    clock: systemClock,
    onHopeless: reason => void giveUp(primary, reason, log),
  })
  const stop = stopOnSignal(primary, log)
  try {
    holdDirectory(plan.loaded.config.data.dir)
    const begun = await primary.start()
    sayListening(begun)
    const reload = new Reload(primary, () => readPlan(source, workers), log)
    process.on('SIGHUP', () => void reload.request())
  } catch (error) {
    if (stop.isUnderWay) return
    process.stderr.write(`the gateway did not start: ${explanation(error)}\n`)
    process.exit(1)
  }
}

/** For as long as this process lives, so that a second one is refused by name; the workers have directories in it. */
function holdDirectory(path: string): void {
  const directory = DataDirectory.open(path, () => newId(systemClock, new SystemRandom()))
  process.once('exit', () => directory.release())
}

function stopOnSignal(primary: Primary, log: Logger): { readonly isUnderWay: boolean } {
  const stop = { isUnderWay: false }
  const onSignal = (): void => {
    if (stop.isUnderWay) {
      primary.kill()
      process.exit(1)
    }
    stop.isUnderWay = true
    void primary.stop().then(async clean => {
      log.info({ clean }, 'all workers have stopped')
      await flushLogger(log)
      process.exit(clean ? 0 : 1)
    })
  }
  process.on('SIGTERM', onSignal)
  process.on('SIGINT', onSignal)
  return stop
}

async function giveUp(primary: Primary, reason: string, log: Logger): Promise<void> {
  log.fatal(`the gateway ends: ${reason}`)
  await primary.stop()
  await flushLogger(log)
  process.exit(1)
}
