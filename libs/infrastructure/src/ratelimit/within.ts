/**
 * A time-out that holds the other side to it, not this process: where the event loop was busy, an answer that has arrived meanwhile
 * is still read before the call is given up.
 * @throws {Error} where there is no answer within so many milliseconds; a later one is dropped
 */
export function within<T>(ms: number, answer: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    // Sockets are read between the timers and the immediates of one turn.
    const giveUp = () => setImmediate(() => reject(new Error(`no answer within ${ms} ms`)))
    const timer = setTimeout(giveUp, ms)
    answer.then(
      value => {
        clearTimeout(timer)
        resolve(value)
      },
      error => {
        clearTimeout(timer)
        reject(error)
      },
    )
  })
}
