/** How many replicas there are: each says every second that it lives, and counts those that said so lately. */
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
return redis.call('ZCARD', KEYS[1])
`

export class ReplicaCount {
  readonly #redis: Redis
  readonly #key: string
  readonly #replica: string
  readonly #floor: number
  #timer: NodeJS.Timeout | undefined
  #known: number

  /**
   * @param floor as many as are always taken to be there, at least 1: what a replica knows that started while Redis was away,
   * or asked it before the others did
   */
  constructor(redis: Redis, prefix: string, replica: string, floor = 1) {
    this.#redis = redis
    this.#floor = floor
    this.#known = floor
    this.#key = `${prefix}:replicas`
    this.#replica = replica
  }

  /** As known last, this one included. */
  get known(): number {
    return this.#known
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
      const live = await this.#redis.eval(LIVE, 1, this.#key, this.#replica, FORGOTTEN_AFTER_MS)
      this.#known = Math.max(Number(live), this.#floor)
    } catch {
      // What was known last holds while Redis is away.
    }
  }
}
