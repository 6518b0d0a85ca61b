/** The reservations of a tenant by id and by when they expire. Memory follows what is in flight, not how often it is renewed. */
import type { Spend } from '../limiter.ts'
import type { Level } from './level.ts'

export interface LeasedLevel {
  readonly level: Level
  readonly counts: 'tokens' | 'cost' | 'leases'
}

export interface Lease {
  readonly id: string
  readonly admittedUs: number
  readonly estimate: Spend
  readonly levels: readonly LeasedLevel[]
  /** Live until then. */
  expiresUs: number
  /** Settled at its estimate because it expired; forgotten later than `expiresUs`. */
  provisional: boolean
}

interface Due {
  readonly atUs: number
  readonly lease: Lease
}

export class Leases {
  readonly #byId = new Map<string, Lease>()
  /** A binary heap by time; what was renewed or settled since is passed over. */
  #due: Due[] = []
  #live = 0

  get live(): number {
    return this.#live
  }

  get size(): number {
    return this.#byId.size
  }

  get(id: string): Lease | undefined {
    return this.#byId.get(id)
  }

  add(lease: Lease): void {
    this.#byId.set(lease.id, lease)
    this.#live += 1
    this.#push({ atUs: lease.expiresUs, lease })
  }

  remove(lease: Lease): void {
    this.#byId.delete(lease.id)
    if (!lease.provisional) this.#live -= 1
    if (this.#byId.size === 0) this.#due = []
  }

  renew(lease: Lease, expiresUs: number): void {
    lease.expiresUs = expiresUs
    this.#push({ atUs: expiresUs, lease })
  }

  keepProvisionally(lease: Lease, untilUs: number): void {
    lease.provisional = true
    this.#live -= 1
    this.#push({ atUs: untilUs, lease })
  }

  removeProvisional(): void {
    for (const lease of this.#byId.values()) if (lease.provisional) this.remove(lease)
  }

  /** Takes the one that has been due longest: it expired, or is to be forgotten. */
  takeDue(nowUs: number, lateUs: number): Lease | null {
    for (;;) {
      const first = this.#due[0]
      if (first === undefined || first.atUs > nowUs) return null
      this.#pop()
      if (this.#isCurrent(first, lateUs)) return first.lease
    }
  }

  /** When the nth live lease that holds this level expires; infinity where there are fewer. Looks at all that are in flight. */
  expiryOf(level: Level | null, nth: number): number {
    const expiries: number[] = []
    for (const lease of this.#byId.values()) {
      if (lease.provisional) continue
      if (level === null || lease.levels.some(held => held.level === level)) expiries.push(lease.expiresUs)
    }
    return expiries.sort((a, b) => a - b)[nth - 1] ?? Number.POSITIVE_INFINITY
  }

  #isCurrent({ atUs, lease }: Due, lateUs: number): boolean {
    if (this.#byId.get(lease.id) !== lease) return false
    return atUs === lease.expiresUs + (lease.provisional ? lateUs : 0)
  }

  #push(due: Due): void {
    if (this.#due.length > 2 * this.#byId.size + 64) this.#compact()
    const heap = this.#due
    let at = heap.push(due) - 1
    while (at > 0) {
      const parent = (at - 1) >> 1
      if ((heap[parent] as Due).atUs <= due.atUs) break
      heap[at] = heap[parent] as Due
      at = parent
    }
    heap[at] = due
  }

  #pop(): void {
    const heap = this.#due
    const last = heap.pop() as Due
    if (heap.length === 0) return
    let at = 0
    for (;;) {
      let child = 2 * at + 1
      if (child >= heap.length) break
      if (child + 1 < heap.length && (heap[child + 1] as Due).atUs < (heap[child] as Due).atUs) child += 1
      if ((heap[child] as Due).atUs >= last.atUs) break
      heap[at] = heap[child] as Due
      at = child
    }
    heap[at] = last
  }

  /** Of each lease the latest entry is the one that holds; sorted, they are a heap. */
  #compact(): void {
    const latest = new Map<Lease, Due>()
    for (const due of this.#due) {
      if (this.#byId.get(due.lease.id) !== due.lease) continue
      if ((latest.get(due.lease)?.atUs ?? 0) <= due.atUs) latest.set(due.lease, due)
    }
    this.#due = [...latest.values()].sort((a, b) => a.atUs - b.atUs)
  }
}
