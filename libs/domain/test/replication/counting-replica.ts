/** A replica that counts: exact, so that what is lost or counted twice shows. With a journal and snapshots, so that it can crash. */
import { add, type Parts, ReplicaExchange, type SharedSums } from '../../src/replication/index.ts'

const KEY = 'count'

export class CountingReplica {
  readonly name: string
  readonly #sums: SharedSums
  readonly #newName: () => string
  /** Of everything that was ever counted here: what survives. */
  readonly #journal: number[] = []
  #snapshot: ReplicaExchange['moment'] = { sequence: 0, parts: new Map() }
  #known: Parts = new Map()
  #exchange: ReplicaExchange

  constructor(name: string, sums: SharedSums, newName: () => string) {
    this.name = name
    this.#sums = sums
    this.#newName = newName
    this.#exchange = this.#begin()
  }

  get total(): number {
    return totalOf(this.#known)
  }

  count(amount: number): void {
    this.#journal.push(amount)
    this.#known = add(this.#known, counted([amount]))
  }

  async exchange(): Promise<void> {
    await this.#exchange.exchange()
  }

  save(): void {
    this.#snapshot = this.#exchange.moment
  }

  /** What is in memory is gone; the journal and the last snapshot are not. */
  crash(): void {
    const { sequence, parts } = this.#snapshot
    this.#known = add(parts.get(KEY) ?? new Map(), counted(this.#journal.slice(sequence)))
    this.#exchange = this.#begin()
  }

  #begin(): ReplicaExchange {
    return new ReplicaExchange({
      sums: this.#sums,
      sharer: {
        sharedKeys: () => [KEY],
        partsOf: () => this.#known,
        adopt: (_key, parts) => {
          if (Number.isNaN(totalOf(parts))) return false
          this.#known = parts
          return true
        },
      },
      replica: this.name,
      sequence: () => this.#journal.length,
      newName: this.#newName,
      begin: this.#snapshot,
      relearn: async (_key, base, from, through) => add(base, counted(this.#journal.slice(from, through))),
    })
  }
}

export function counted(amounts: readonly number[]): Parts {
  const figures = Float64Array.of(amounts.reduce((sum, amount) => sum + amount, 0))
  return new Map([
    [
      'count',
      {
        halfLifeMs: Number.POSITIVE_INFINITY,
        at: 0,
        changes: 0,
        first: 0,
        most: Number.POSITIVE_INFINITY,
        figures,
      },
    ],
  ])
}

export function totalOf(parts: Parts): number {
  return parts.get('count')?.figures[0] ?? 0
}
