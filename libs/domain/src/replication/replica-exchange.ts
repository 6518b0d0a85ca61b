/** Replicas learn as one: in rounds, each tells the sum of all what it has learned, key by key, and takes up what the others have. */
import { KeyExchange } from './key-exchange.ts'
import { NOTHING, type Parts } from './part.ts'
import type { SharedSums } from './shared-sums.ts'

/** Who has something to share. */
export interface Sharer {
  /** What is shared, by keys that mean the same on all replicas. */
  sharedKeys(): Iterable<string>
  partsOf(key: string): Parts
  /** Replaces what is known of the key. @returns false where the figures are illegal: then nothing is replaced */
  adopt(key: string, parts: Parts): boolean
}

export interface ReplicaExchangeOptions {
  readonly sums: SharedSums
  readonly sharer: Sharer
  /** Names this replica, and its journal, for good. */
  readonly replica: string
  /** The journal's sequence of the last observation that was learned from. */
  readonly sequence: () => number
  /** A name that nobody had before. */
  readonly newName: () => string
  /** What the last snapshot had, and the sequence up to which the journal's observations were in it. */
  readonly begin: { readonly parts: ReadonlyMap<string, Parts>; readonly sequence: number }
  /** What a key's base becomes by the journal's observations after `from`, up to `through`. */
  readonly relearn: (key: string, base: Parts, from: number, through: number) => Promise<Parts>
}

/** All sums at one moment: what is safe to begin from. */
export interface SharedMoment {
  /** This replica's own observations up to here are in it; later ones are not. */
  readonly sequence: number
  readonly parts: ReadonlyMap<string, Parts>
}

export class ReplicaExchange {
  readonly #options: ReplicaExchangeOptions
  readonly #keys = new Map<string, KeyExchange>()
  #moment: SharedMoment
  #round: Promise<void> | null = null

  constructor(options: ReplicaExchangeOptions) {
    this.#options = options
    this.#moment = options.begin
  }

  /** The last moment at which all keys were told to the same sequence: what a snapshot saves. */
  get moment(): SharedMoment {
    return this.#moment
  }

  /**
   * One round; while one is under way, that one. Rejects where the store does not answer for some key: the others have been
   * exchanged, and what was not told is told in the next round.
   */
  exchange(): Promise<void> {
    this.#round ??= this.#exchangeAll().finally(() => {
      this.#round = null
    })
    return this.#round
  }

  async #exchangeAll(): Promise<void> {
    // All begin in the same turn of the event loop: they tell of the same moment.
    const rounds = Array.from(this.#options.sharer.sharedKeys(), key => this.#of(key).exchange())
    const failed = (await Promise.allSettled(rounds)).filter(({ status }) => status === 'rejected')
    this.#remember()
    if (failed.length > 0) throw (failed[0] as PromiseRejectedResult).reason
  }

  #remember(): void {
    const exchanges = [...this.#keys]
    const [first] = exchanges
    if (first === undefined) return
    const sequence = first[1].told
    if (exchanges.some(([, { told }]) => told !== sequence)) return
    this.#moment = { sequence, parts: new Map(exchanges.map(([key, { base }]) => [key, base])) }
  }

  #of(key: string): KeyExchange {
    const existing = this.#keys.get(key)
    if (existing !== undefined) return existing
    const { sums, sharer, replica, sequence, newName, begin, relearn } = this.#options
    const exchange = new KeyExchange({
      key,
      replica,
      sums,
      sequence,
      newName,
      known: () => sharer.partsOf(key),
      adopt: parts => sharer.adopt(key, parts),
      base: begin.parts.get(key) ?? NOTHING,
      told: begin.sequence,
      relearn: (base, from, through) => relearn(key, base, from, through),
    })
    this.#keys.set(key, exchange)
    return exchange
  }
}
