/** Waiting is injected like time: who stops at a deadline takes `Timers`, so that a test decides when it has come. */

export interface Timers {
  /** Calls back once, after so many milliseconds. @returns forgets it */
  after(ms: number, callback: () => void): () => void
}

export const systemTimers: Timers = {
  after(ms, callback) {
    const timer = setTimeout(callback, ms)
    return () => clearTimeout(timer)
  },
}

/**
 * Waits for what is under way, so many milliseconds at most (`Infinity`: however long it takes).
 * @returns whether it was done by then; what comes of it later is ignored. @throws what it throws until then
 */
export async function within(timers: Timers, ms: number, done: Promise<unknown>): Promise<boolean> {
  if (ms === Number.POSITIVE_INFINITY) {
    await done
    return true
  }
  const expired = Promise.withResolvers<false>()
  const cancel = timers.after(ms, () => expired.resolve(false))
  try {
    return await Promise.race([done.then(() => true), expired.promise])
  } finally {
    cancel()
  }
}
