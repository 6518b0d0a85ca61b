/** Says that rows had to give way, at most once a minute: at the limit of a journal they do all the time. */
import type { Clock } from '@atp/core/clock'
import type { Logger } from '@atp/core/logging'

const QUIET_MS = 60_000

/** @returns to be told each time how many there are since the start */
export function droppedRowsLog(log: Logger, clock: Pick<Clock, 'monotonic'>): (dropped: number) => void {
  let saidAt = Number.NEGATIVE_INFINITY
  return dropped => {
    const now = clock.monotonic()
    if (now - saidAt < QUIET_MS) return
    saidAt = now
    log.warn({ dropped }, 'the journal is full: its oldest rows give way (data.journal_full)')
  }
}
