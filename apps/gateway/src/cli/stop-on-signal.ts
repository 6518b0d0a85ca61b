/** What SIGTERM and SIGINT do: the first one stops in good order, the second ends the process at once. */
import { constants } from 'node:os'
import type { ShutdownReport } from '@atp/core/shutdown'

type StopSignal = 'SIGTERM' | 'SIGINT'

/**
 * Takes the signals from now on. The exit code is 0 where nothing was lost, 1 where something was ended, cut or hung, and that of the signal
 * (143, 130) where a second one forced it: whatever was acknowledged is in the journal then, too.
 * @param stop called once; its report decides
 */
export function stopOnSignal(stop: () => Promise<Pick<ShutdownReport, 'unfinished'>>): void {
  let isStopping = false
  const onSignal = (signal: StopSignal): void => {
    if (isStopping) {
      process.stderr.write(`${signal} again: the process ends at once\n`)
      process.exit(128 + constants.signals[signal])
    }
    isStopping = true
    stop().then(
      ({ unfinished }) => process.exit(unfinished.length === 0 ? 0 : 1),
      error => {
        process.stderr.write(`the stop failed: ${error}\n`)
        process.exit(1)
      },
    )
  }
  process.on('SIGTERM', onSignal)
  process.on('SIGINT', onSignal)
}
