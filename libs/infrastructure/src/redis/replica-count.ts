/** Which replicas there are: each says every second that it lives, and hears who said so lately. */
import type { Redis } from 'ioredis'

const SAY_EVERY_MS = 1_000
const FORGOTTEN_AFTER_MS = 5_000

/** Scores are the server's time: a replica whose clock is off counts all the same. */
const LIVE = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('ZADD', KEYS[1], now, ARGV[1])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now - ARGV[2])
redis.call('PEXPIRE', KEYS[1], ARGV[2])
return redis.call('ZRANGE', KEYS[1], 0, -1)
`

export class ReplicaCount {
  readonly #redis: Redis
  readonly #key: string
  readonly #replica: string
  readonly #floor: number
  readonly #now: () => number
  /** The others, and when each was seen last, by the clock of this process. */
  readonly #others = new Map<string, number>()
  #timer: NodeJS.Timeout | undefined
  #known: number
  #heardAt = Number.NEGATIVE_INFINITY

  /**
   * @param now monotonic milliseconds
   * @param floor as many as are always taken to be there, at least 1: what a replica knows that started while Redis was away,
   * or asked it before the others did
   */
  constructor(redis: Redis, prefix: string, replica: string, now: () => number, floor = 1) {
    this.#redis = redis
    this.#floor = floor
    this.#known = floor
    this.#key = `${prefix}:replicas`
    this.#replica = replica
    this.#now = now
  }

  /** As known last, this one included. */
  get known(): number {
    return this.#known
  }

  /**
   * Who must be heard before something is told for all: those that said lately that they live, and those that have been missing for
   * no more than some seconds, as all of them are when Redis comes back empty. Without this one.
   */
  get others(): readonly string[] {
    return [...this.#others.keys()]
  }

  async start(): Promise<void> {
    await this.#say()
    this.#timer = setInterval(() => void this.#say(), SAY_EVERY_MS)
  }

  stop(): void {
    clearInterval(this.#timer)
  }

  async #say(): Promise<void> {
    try {
      const live = (await this.#redis.eval(LIVE, 1, this.#key, this.#replica, FORGOTTEN_AFTER_MS)) as string[]
      this.#known = Math.max(live.length, this.#floor)
      this.#hear(live)
    } catch {
      // What was known last holds while Redis is away.
    }
  }

  /** While Redis was away nobody could say anything: that time does not count. */
  #hear(live: readonly string[]): void {
    const now = this.#now()
    const silence = now - this.#heardAt
    this.#heardAt = now
    for (const [name, seen] of this.#others) {
      const missing = silence > 2 * SAY_EVERY_MS ? 0 : now - seen
      if (missing > FORGOTTEN_AFTER_MS) this.#others.delete(name)
      else this.#others.set(name, now - missing)
    }
    for (const name of live) if (name !== this.#replica) this.#others.set(name, now)
  }
}
