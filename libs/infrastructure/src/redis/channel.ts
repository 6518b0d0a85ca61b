/** What replicas say to each other at once: whoever listens hears it, nobody keeps it. */
import type { Redis } from 'ioredis'

export class Channel {
  readonly #redis: Redis
  readonly #name: string
  #listener: Redis | null = null

  /** @param name the same for all who share it */
  constructor(redis: Redis, name: string) {
    this.#redis = redis
    this.#name = name
  }

  /** Listens over a connection of its own, which comes back by itself. What is no JSON is not heard. */
  listen(hear: (message: unknown) => void): Promise<void> {
    const listener = this.#redis.duplicate({ autoResubscribe: false })
    this.#listener = listener
    listener.on('error', () => undefined)
    listener.on('message', (_channel, text) => {
      const message = parsed(text)
      if (message !== undefined) hear(message)
    })
    return new Promise(resolve => {
      listener.on('ready', () => {
        listener.subscribe(this.#name).then(
          () => resolve(),
          () => listener.disconnect(true),
        )
      })
      // Where Redis is away nobody waits for it: there is nothing to hear yet.
      if (this.#redis.status !== 'ready') resolve()
      else listener.once('close', () => resolve())
    })
  }

  /** @throws {Error} where Redis is away */
  async say(message: unknown): Promise<void> {
    await this.#redis.publish(this.#name, JSON.stringify(message))
  }

  close(): void {
    this.#listener?.disconnect()
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
