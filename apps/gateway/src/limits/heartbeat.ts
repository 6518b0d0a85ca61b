/** Renews the reservations of answers that take long, so that only those of a dead process expire. */
import type { Limiter } from '@atp/domain/limit'

interface Held {
  readonly tenant: string
  readonly id: string
  readonly leaseMs: number
  renewAt: number
}

export class Heartbeat {
  readonly #limiter: Pick<Limiter, 'renew'>
  readonly #now: () => number
  readonly #held = new Set<Held>()
  #timer: NodeJS.Timeout | undefined

  /** @param now monotonic milliseconds */
  constructor(limiter: Pick<Limiter, 'renew'>, now: () => number) {
    this.#limiter = limiter
    this.#now = now
  }

  /** Reservations that are held now. */
  get size(): number {
    return this.#held.size
  }

  /** @returns lets it go */
  keep(tenant: string, id: string, leaseMs: number): () => void {
    const held = { tenant, id, leaseMs, renewAt: this.#now() + leaseMs / 3 }
    this.#held.add(held)
    return () => {
      this.#held.delete(held)
    }
  }

  start(): void {
    this.#timer = setInterval(() => this.beat(), 1_000)
    this.#timer.unref()
  }

  stop(): void {
    clearInterval(this.#timer)
  }

  beat(): void {
    const now = this.#now()
    for (const held of this.#held) {
      if (now < held.renewAt) continue
      held.renewAt = now + held.leaseMs / 3
      // One that is missed has two more tries, and its settlement is taken all the same.
      this.#limiter.renew(held.tenant, held.id, held.leaseMs).catch(() => undefined)
    }
  }
}
