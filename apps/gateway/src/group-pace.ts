/**
 * When to commit the next group: a few turns of the event loop from now. A commit costs much the same for one record as for ten.
 * Turns are short when there is little to do and long when there is much, so that groups grow with the load and a lone record
 * hardly waits; a timer could not wait less than a millisecond.
 */

/** Measured: from here on the groups are large enough that more turns win nothing. */
const TURNS = 8

export function groupPace(run: () => void): void {
  let left = TURNS
  const turn = (): void => {
    left -= 1
    if (left === 0) run()
    else setImmediate(turn)
  }
  setImmediate(turn)
}
