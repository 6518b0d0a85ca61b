/**
 * What is sent to one client. Bounded: who has more for a client that does not read waits for room, and its upstream with it. At most
 * one frame of each request under way comes on top of that.
 */
import type { WebSocket } from 'ws'
import type { ServerFrame } from './frames.ts'

export interface OutboxOptions {
  /** Bytes that may wait for the client. */
  readonly limit: number
  /** Milliseconds that somebody waits for room at most. */
  readonly patienceMs: number
  /** Called where that was too long. */
  readonly onStuck: () => void
}

export class Outbox {
  readonly #socket: WebSocket
  readonly #options: OutboxOptions
  readonly #waiting: (() => void)[] = []
  #patience: NodeJS.Timeout | undefined

  constructor(socket: WebSocket, options: OutboxOptions) {
    this.#socket = socket
    this.#options = options
  }

  get isFull(): boolean {
    return this.#socket.bufferedAmount > this.#options.limit
  }

  /** Resolves when there is room, or nobody to send to. */
  async room(): Promise<void> {
    while (this.isFull && this.#isOpen) {
      this.#patience ??= setTimeout(this.#options.onStuck, this.#options.patienceMs)
      await new Promise<void>(resolve => this.#waiting.push(resolve))
    }
  }

  /** @returns whether there was somebody to send it to */
  send(frame: ServerFrame): boolean {
    if (!this.#isOpen) return false
    this.#socket.send(JSON.stringify(frame), () => {
      if (!this.isFull) this.release()
    })
    return true
  }

  /** Whoever waits looks again. */
  release(): void {
    clearTimeout(this.#patience)
    this.#patience = undefined
    for (const resolve of this.#waiting.splice(0)) resolve()
  }

  get #isOpen(): boolean {
    return this.#socket.readyState === this.#socket.OPEN
  }
}
