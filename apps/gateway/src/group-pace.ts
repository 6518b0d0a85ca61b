/**
 * When to commit the next group: at once after a quiet moment, otherwise a millisecond after the one before. A commit costs much
 * the same for one record as for ten, so that under load the pace saves more time than it takes.
 */
import type { Clock } from '@atp/core/clock'

const INTERVAL_MS = 1

/** @returns a scheduler: it runs the function in a later turn of the event loop */
export function groupPace(clock: Clock): (run: () => void) => void {
  let nextAt = Number.NEGATIVE_INFINITY
  return run => {
    const now = clock.monotonic()
    const wait = nextAt - now
    nextAt = Math.max(now, nextAt) + INTERVAL_MS
    if (wait > 0) setTimeout(run, wait)
    else setImmediate(run)
  }
}
