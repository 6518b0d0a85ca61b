/** Whether Redis may throw away what it was told to keep: asked at each connection, because who answers may be another server. */
import type { Redis } from 'ioredis'

const SAFE = 'noeviction'

export class EvictionWatch {
  readonly #redis: Redis
  readonly #warn: (policy: string) => void
  #policy: string | null = null

  /** @param warn hears of each policy that may evict, once a connection */
  constructor(redis: Redis, warn: (policy: string) => void) {
    this.#redis = redis
    this.#warn = warn
    redis.on('ready', () => void this.look())
  }

  /** Under which Redis may evict; null where it does not, or does not say. */
  get policy(): string | null {
    return this.#policy
  }

  async look(): Promise<void> {
    const policy = await this.#asked()
    this.#policy = policy === SAFE ? null : policy
    if (this.#policy !== null) this.#warn(this.#policy)
  }

  /** Managed servers forbid the question: then nobody knows. */
  async #asked(): Promise<string | null> {
    try {
      const [, policy] = (await this.#redis.config('GET', 'maxmemory-policy')) as string[]
      return policy ?? null
    } catch {
      return null
    }
  }
}
