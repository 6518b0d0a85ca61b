/** What ends the process: SIGTERM and SIGINT, the first one in good order and the second at once, and what makes it useless. */
import { constants } from 'node:os'
import type { ShutdownReport } from '@atp/core/shutdown'

type StopSignal = 'SIGTERM' | 'SIGINT'

/**
 * Takes the signals from now on. The exit code is 0 where nothing was lost, 1 where something was ended, cut or hung, and that of the signal
 * (143, 130) where a second one forced it: whatever was acknowledged is in the journal then, too.
 * @param stop called once; its report decides
 * @returns stops likewise for a reason that is said, and ends with 1, so that whoever keeps the process starts it anew
 */
export function stopOnSignal(stop: () => Promise<Pick<ShutdownReport, 'unfinished'>>): (why: string) => void {
  let isStopping = false
  const begin = (codeOf: (unfinished: number) => number): void => {
    isStopping = true
    stop().then(
      ({ unfinished }) => process.exit(codeOf(unfinished.length)),
      error => {
        process.stderr.write(`the stop failed: ${error}\n`)
        process.exit(1)
      },
    )
  }
  const onSignal = (signal: StopSignal): void => {
    if (isStopping) {
      process.stderr.write(`${signal} again: the process ends at once\n`)
      process.exit(128 + constants.signals[signal])
    }
    begin(unfinished => (unfinished === 0 ? 0 : 1))
  }
  process.on('SIGTERM', onSignal)
  process.on('SIGINT', onSignal)
  return why => {
    process.stderr.write(`${why}\n`)
    if (!isStopping) begin(() => 1)
  }
}
