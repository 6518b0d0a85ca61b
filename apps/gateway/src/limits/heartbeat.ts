/** Renews the reservations of answers that take long, so that only those of a dead process expire. */
import { setTimeout as delay } from 'node:timers/promises'
import type { Limiter } from '@atp/domain/limit'

export interface HeartbeatOptions {
  readonly limiter: Pick<Limiter, 'renew'>
  readonly leaseMs: number
  /** Monotonic milliseconds. */
  readonly now: () => number
}

interface Held {
  readonly tenant: string
  readonly id: string
  renewAt: number
}

const LONGEST_BEAT_MS = 1_000
const LOOK_EVERY_MS = 5

export class Heartbeat {
  readonly #options: HeartbeatOptions
  readonly #held = new Set<Held>()
  #timer: NodeJS.Timeout | undefined

  constructor(options: HeartbeatOptions) {
    this.#options = options
  }

  /** Reservations that are held now, those that are being settled among them. */
  get size(): number {
    return this.#held.size
  }

  /** @returns lets it go */
  keep(tenant: string, id: string): () => void {
    const { now, leaseMs } = this.#options
    const held = { tenant, id, renewAt: now() + leaseMs / 3 }
    this.#held.add(held)
    return () => {
      this.#held.delete(held)
    }
  }

  start(): void {
    this.#timer = setInterval(() => this.beat(), Math.min(LONGEST_BEAT_MS, this.#options.leaseMs / 6))
    this.#timer.unref()
  }

  /** Waits for what is held to be settled, so long: answers that were cut off are settled a moment later. */
  async stop(patienceMs: number): Promise<void> {
    const deadline = this.#options.now() + patienceMs
    while (this.#held.size > 0 && this.#options.now() < deadline) await delay(LOOK_EVERY_MS)
    clearInterval(this.#timer)
  }

  beat(): void {
    const { limiter, leaseMs } = this.#options
    const now = this.#options.now()
    for (const held of this.#held) {
      if (now < held.renewAt) continue
      held.renewAt = now + leaseMs / 3
      // One that is missed has another try at least, and its settlement is taken all the same.
      limiter.renew(held.tenant, held.id, leaseMs).catch(() => undefined)
    }
  }
}
