/**
 * Commands of one turn of the event loop leave in one write: under load each system call carries many, on both sides, and a command
 * that is alone leaves in the same turn.
 */
import type { Writable } from 'node:stream'
import type { Cluster, Redis } from 'ioredis'

export class OneWriteATurn {
  readonly #redis: Redis | Cluster
  #corked: Writable | null = null

  /** @param redis a cluster writes to several connections, each command by itself */
  constructor(redis: Redis | Cluster) {
    this.#redis = redis
  }

  /** Call it before each command. */
  gather(): void {
    const stream = 'stream' in this.#redis ? (this.#redis.stream as Writable | undefined) : undefined
    if (stream === undefined || stream === this.#corked) return
    this.#corked = stream
    stream.cork()
    setImmediate(() => {
      if (this.#corked === stream) this.#corked = null
      stream.uncork()
    })
  }
}
