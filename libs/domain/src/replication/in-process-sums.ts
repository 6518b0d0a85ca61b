/** Sums of replicas that live in one process. */
import { add, NOTHING, type Parts } from './part.ts'
import type { Seed, SharedSum, SharedSums, Telling } from './shared-sums.ts'

interface Stored {
  readonly lineage: string
  sum: Parts
  readonly told: Map<string, number>
}

export class InProcessSums implements SharedSums {
  /** The one that nobody has told to for longest is first. */
  readonly #stored = new Map<string, Stored>()
  readonly #max: number

  /** @param max sums that are kept; then the one that nobody has told to for longest goes, and is begun anew where it is used again */
  constructor(max = Number.POSITIVE_INFINITY) {
    this.#max = max
  }

  async read(key: string, replica: string): Promise<SharedSum> {
    return this.#seenBy(replica, key)
  }

  async add(key: string, { replica, sequence, told, lineage, delta }: Telling): Promise<SharedSum> {
    const stored = this.#stored.get(key)
    if (stored?.lineage === lineage && (stored.told.get(replica) ?? 0) === told && sequence > told) {
      stored.sum = add(stored.sum, delta)
      stored.told.set(replica, sequence)
      this.#store(key, stored)
    }
    return this.#seenBy(replica, key)
  }

  async seed(key: string, { replica, sequence, instead, lineage, sum }: Seed): Promise<SharedSum> {
    if ((this.#stored.get(key)?.lineage ?? null) === instead) {
      this.#store(key, { lineage, sum, told: new Map([[replica, sequence]]) })
    }
    return this.#seenBy(replica, key)
  }

  #store(key: string, stored: Stored): void {
    this.#stored.delete(key)
    this.#stored.set(key, stored)
    for (const oldest of this.#stored.keys()) {
      if (this.#stored.size <= this.#max) return
      this.#stored.delete(oldest)
    }
  }

  #seenBy(replica: string, key: string): SharedSum {
    const stored = this.#stored.get(key)
    if (stored === undefined) return { lineage: null, told: 0, sum: NOTHING }
    return { lineage: stored.lineage, told: stored.told.get(replica) ?? 0, sum: stored.sum }
  }
}
