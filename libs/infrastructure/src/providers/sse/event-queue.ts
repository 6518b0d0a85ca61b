/** Between the upstream's pace and the reader's: an async iterator for one reader, whose source is paused while too much waits. */

export interface Pausable {
  pause(): void
  resume(): void
  /** The reader left. */
  abandon(): void
}

const HIGH_WATER_BYTES = 256 * 1024
const ENDED: IteratorReturnResult<undefined> = { value: undefined, done: true }

export class EventQueue implements AsyncIterableIterator<Buffer, undefined> {
  readonly #source: Pausable
  #blocks: Buffer[] = []
  #bytes = 0
  #paused = false
  #closed = false
  #error: Error | null = null
  #resolve: ((result: IteratorResult<Buffer, undefined>) => void) | null = null
  #reject: ((error: Error) => void) | null = null

  constructor(source: Pausable) {
    this.#source = source
  }

  push(block: Buffer): void {
    const resolve = this.#resolve
    if (resolve !== null) {
      this.#resolve = null
      resolve({ value: block, done: false })
      return
    }
    this.#blocks.push(block)
    this.#bytes += block.length
    if (this.#bytes >= HIGH_WATER_BYTES && !this.#paused) {
      this.#paused = true
      this.#source.pause()
    }
  }

  /** Nothing comes any more. What waits is read first, then the error is thrown. */
  close(error: Error | null): void {
    if (this.#closed) return
    this.#closed = true
    this.#error = error
    if (this.#resolve === null) return
    if (error === null) this.#resolve(ENDED)
    else this.#reject?.(error)
    this.#resolve = null
    this.#error = null
  }

  /** What waits is of no use any more. */
  discard(): void {
    this.#blocks = []
    this.#bytes = 0
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  next(): Promise<IteratorResult<Buffer, undefined>> {
    if (this.#blocks.length > 0) return Promise.resolve({ value: this.#take(), done: false })
    if (!this.#closed) return new Promise(this.#wait)
    const error = this.#error
    this.#error = null
    return error === null ? Promise.resolve(ENDED) : Promise.reject(error)
  }

  return(): Promise<IteratorReturnResult<undefined>> {
    this.discard()
    this.close(null)
    this.#source.abandon()
    return Promise.resolve(ENDED)
  }

  /** All that waits, as one buffer: the reader lagged, so one write serves it better than many. */
  #take(): Buffer {
    const blocks = this.#blocks
    this.discard()
    if (this.#paused) {
      this.#paused = false
      this.#source.resume()
    }
    return blocks.length === 1 ? (blocks[0] as Buffer) : Buffer.concat(blocks)
  }

  // Made once, so that waiting for an event makes no closure.
  readonly #wait = (
    resolve: (result: IteratorResult<Buffer, undefined>) => void,
    reject: (error: Error) => void,
  ): void => {
    this.#resolve = resolve
    this.#reject = reject
  }
}
