#!/usr/bin/env node
/** The simulated provider as a process of its own: one line when it is ready, code 0 when it is told to stop, 2 on a bad option. */
import { HELP, parseOptions } from './options.ts'
import { startSimulatedProvider } from './simulated-provider.ts'

try {
  const options = parseOptions(process.argv.slice(2))
  if (options === null) {
    process.stdout.write(HELP)
  } else {
    const provider = await startSimulatedProvider(options)
    const stop = (): void => {
      void provider.close()
    }
    process.once('SIGTERM', stop)
    process.once('SIGINT', stop)
    console.log(`simulated provider ${provider.url}`)
  }
} catch (error) {
  console.error(`simulated-provider: ${(error as Error).message}`)
  process.exitCode = 2
}
