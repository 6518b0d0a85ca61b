/** `atp serve`: start, listen, and stop on a signal. */
import { loadConfig } from '@atp/core/config'
import { compose } from '../composition.ts'
import { configFileOf } from './config-file.ts'
import { explainBadConfig } from './config.ts'

const SIGNALS = ['SIGTERM', 'SIGINT'] as const

export async function serve(configOption: string | undefined): Promise<void> {
  let loaded: ReturnType<typeof loadConfig>
  try {
    loaded = loadConfig(configFileOf(configOption))
  } catch (error) {
    explainBadConfig(error)
    return
  }
  const gateway = compose(loaded)
  let stopping = false
  const onSignal = (signal: NodeJS.Signals): void => {
    if (stopping) process.exit(1)
    stopping = true
    void gateway.stop(signal).then(code => process.exit(code))
  }
  for (const signal of SIGNALS) process.on(signal, onSignal)
  try {
    const url = await gateway.start()
    process.stdout.write(`listening ${url}\n`)
  } catch (error) {
    // The lifecycle has said in the log what failed and has rolled back what had started.
    process.stderr.write(`the gateway did not start: ${error instanceof Error ? error.message : String(error)}\n`)
    process.exit(stopping ? 0 : 1)
  }
}
