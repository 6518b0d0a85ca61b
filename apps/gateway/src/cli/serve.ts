/** `atp serve`: start, listen, and stop on a signal. A second signal ends the process at once. */
import { type LoadedConfig, loadConfig, renderProblems } from '@atp/core/config'
import { AtpError } from '@atp/core/errors'
import { compose } from '../composition.ts'
import { Gateway } from '../gateway.ts'
import { explainBadConfig } from './config.ts'
import { configFileOf } from './config-file.ts'

export async function serve(configOption: string | undefined): Promise<void> {
  let loaded: LoadedConfig
  try {
    loaded = loadConfig(configFileOf(configOption))
  } catch (error) {
    return explainBadConfig(error)
  }
  for (const warning of loaded.warnings) process.stderr.write(`${warning}\n`)
  try {
    const gateway = new Gateway(await compose(loaded))
    stopOnSignal(gateway)
    process.stdout.write(`listening ${await gateway.start()}\n`)
  } catch (error) {
    process.stderr.write(`the gateway did not start: ${explanation(error)}\n`)
    // Not just an exit code: the journal's thread may be open already.
    process.exit(1)
  }
}

function explanation(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const problems = error instanceof AtpError ? error.problems : []
  return problems.length === 0 ? error.message : `${error.message}\n${renderProblems(problems)}`
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
  process.on('SIGTERM', onSignal)
  process.on('SIGINT', onSignal)
}
