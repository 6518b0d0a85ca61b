/** Ends what was started, newest first, exactly once; a second signal ends it at once. */
import { killAll } from './command.mjs'

/** npm passes a Ctrl-C on that the terminal has sent already: signals this close together are one. */
const ONE_SIGNAL_MS = 500
const WATCH_PARENT_MS = 1000

export class StopStack {
  #stops = []
  #stopping

  push(stop) {
    this.#stops.push(stop)
  }

  get stopping() {
    return this.#stopping !== undefined
  }

  /** Resolves when everything has ended. */
  stop() {
    this.#stopping ??= this.#stopAll()
    return this.#stopping
  }

  async #stopAll() {
    for (const stop of this.#stops.toReversed()) await stop()
    killAll()
  }
}

/** Calls `onStop` at the first Ctrl-C, SIGTERM, closed terminal or vanished npm; the second signal exits at once with code 1. */
export function onStopSignal(onStop) {
  let first
  const stop = () => {
    if (first === undefined) {
      first = Date.now()
      onStop()
    } else if (Date.now() - first > ONE_SIGNAL_MS) {
      process.exit(1)
    }
  }
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, stop)
  if (process.env.npm_lifecycle_event !== undefined) watchParent(stop)
}

/** When npm is killed outright, nobody tells its script: then the parent changes. */
function watchParent(stop) {
  const parent = process.ppid
  const watch = setInterval(() => {
    if (process.ppid === parent) return
    clearInterval(watch)
    stop()
  }, WATCH_PARENT_MS)
  watch.unref()
}
