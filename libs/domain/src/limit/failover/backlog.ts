/**
 * What the shared limiter must be told when it is back. Settled requests are summed by tenant and limits, so that a long outage
 * costs no more memory than a short one; what is in flight is kept by reservation.
 */
import type { Admission, Limiter, Spend } from '../limiter.ts'
import { isAway } from './away.ts'

interface Held {
  readonly admission: Admission
  /** Nobody knows whether the shared limiter counted it: it did not answer in time, or is being told. */
  uncertain: boolean
  /** From then on only its settlement is told, which is harmless twice. */
  recounted: boolean
  spent: Spend | null
}

interface Batch {
  recounted: boolean
  readonly reservation: string
  admission: Admission
}

/** A batch is told twice where an answer is lost; its lease, which makes that harmless, lasts so long. */
const BATCH_LEASE_MS = 600_000
const TOLD_AT_ONCE = 64
const NOTHING: Spend = { tokens: 0, cost: 0 }

export class Backlog {
  readonly #newId: () => string
  readonly #held = new Map<string, Held>()
  readonly #settlements = new Map<
    string,
    { readonly tenant: string; readonly reservation: string; readonly spent: Spend }
  >()
  #batches = new Map<string, Batch>()
  readonly #telling: Batch[] = []

  constructor(newId: () => string) {
    this.#newId = newId
  }

  get size(): number {
    return this.#held.size + this.#settlements.size + this.#batches.size + this.#telling.length
  }

  /** Reservations of requests that were admitted here and are in flight. */
  holds(tenant: string, reservation: string): boolean {
    return this.#held.has(keyOf(tenant, reservation))
  }

  /** @param leased that it will be settled */
  admitted(admission: Admission, leased: boolean, uncertain: boolean): void {
    if (!leased) {
      this.#sum(admission, NOTHING)
      return
    }
    const held = { admission, uncertain, recounted: false, spent: null }
    this.#held.set(keyOf(admission.tenant, admission.reservation), held)
  }

  /** It was not admitted, but the shared limiter may have counted it. */
  refused({ tenant, reservation }: Admission): void {
    this.settledElsewhere(tenant, reservation, NOTHING)
  }

  settled(tenant: string, reservation: string, spent: Spend): void {
    const key = keyOf(tenant, reservation)
    const held = this.#held.get(key) as Held
    held.spent = spent
    if (held.uncertain) return
    this.#held.delete(key)
    this.#sum(held.admission, spent)
  }

  /** Admitted by the shared limiter, which could not be told. */
  settledElsewhere(tenant: string, reservation: string, spent: Spend): void {
    this.#settlements.set(keyOf(tenant, reservation), { tenant, reservation, spent })
  }

  /** Tells all of it; what was told is forgotten, so that after an error the rest may be told later. */
  async tell(shared: Limiter): Promise<void> {
    await atATime([...this.#settlements], async ([key, { tenant, reservation, spent }]) => {
      await told(shared.settle(tenant, reservation, spent))
      this.#settlements.delete(key)
    })
    await atATime([...this.#held], ([key, held]) => this.#tellHeld(shared, key, held))
    this.#telling.push(...this.#batches.values())
    this.#batches = new Map()
    for (let batch = this.#telling[0]; batch !== undefined; batch = this.#telling[0]) {
      if (!batch.recounted) await told(shared.recount(batch.admission))
      batch.recounted = true
      await told(shared.settle(batch.admission.tenant, batch.reservation, batch.admission.estimate))
      this.#telling.shift()
    }
  }

  async #tellHeld(shared: Limiter, key: string, held: Held): Promise<void> {
    // Settled, and summed, while others were told.
    if (this.#held.get(key) !== held) return
    const { tenant, reservation } = held.admission
    held.uncertain = true
    if (!held.recounted) await told(shared.recount(held.admission))
    held.recounted = true
    // Settled before, or while it was told.
    if (held.spent !== null) await told(shared.settle(tenant, reservation, held.spent))
    this.#held.delete(key)
  }

  #sum(admission: Admission, spent: Spend): void {
    const limits = admission.limits.filter(({ kind }) => kind !== 'concurrent')
    if (limits.length === 0) return
    const key = JSON.stringify([admission.tenant, ...limits.map(({ id }) => id)])
    const known = this.#batches.get(key)
    const before = known?.admission ?? { requests: 0, estimate: NOTHING }
    const reservation = known?.reservation ?? this.#newId()
    const estimate = {
      tokens: before.estimate.tokens + spent.tokens,
      cost: before.estimate.cost + spent.cost,
    }
    const requests = before.requests + admission.requests
    const { tenant } = admission
    const sum = { tenant, reservation, limits, estimate, requests, leaseMs: BATCH_LEASE_MS }
    this.#batches.set(key, { recounted: false, reservation, admission: sum })
  }
}

/** What the shared limiter refuses to count for good is dropped: it must not keep the rest from being told. */
async function told(call: Promise<unknown>): Promise<void> {
  try {
    await call
  } catch (error) {
    if (isAway(error)) throw error
  }
}

/** What arrives meanwhile waits for the next time. */
async function atATime<T>(all: readonly T[], tell: (one: T) => Promise<void>): Promise<void> {
  for (let first = 0; first < all.length; first += TOLD_AT_ONCE) {
    await Promise.all(all.slice(first, first + TOLD_AT_ONCE).map(tell))
  }
}

function keyOf(tenant: string, reservation: string): string {
  return `${tenant}\n${reservation}`
}
