/**
 * One key's way between a replica and the sum of all: tells what was learned since the last time, and takes up the sum.
 *
 * Invariant: what is known is `base`, the sum as it was last seen, and what was learned since. A telling whose answer was lost is
 * repeated word for word, so that it counts once.
 */
import { add, isNothing, NOTHING, type Parts, subtract } from './part.ts'
import type { SharedSum, SharedSums } from './shared-sums.ts'

export interface KeyExchangeOptions {
  readonly key: string
  readonly replica: string
  readonly sums: SharedSums
  /** The sequence of the last observation that was learned from. */
  readonly sequence: () => number
  /** All that is known, at that sequence. */
  readonly known: () => Parts
  /** Replaces what is known. @returns false where the figures are illegal: then nothing is replaced */
  readonly adopt: (parts: Parts) => boolean
  /** A name that no sum had before. */
  readonly newName: () => string
  /** What was known when this process began, and up to which of its own observations. */
  readonly base: Parts
  readonly told: number
  /** What a base becomes by this replica's own observations after `told`, up to `through`; null where nobody knows. */
  readonly relearn: (base: Parts, told: number, through: number) => Promise<Parts | null>
}

/** What is told, or was and is not answered yet. */
export interface Offer {
  readonly sequence: number
  /** What was known then. */
  readonly known: Parts
}

interface Telling extends Offer {
  readonly delta: Parts
}

export class KeyExchange {
  readonly #options: KeyExchangeOptions
  #replica: string
  #base: Parts
  #told: number
  /** Null before the first contact. */
  #lineage: string | null = null
  /** Told, and not answered yet. */
  #telling: Telling | null = null
  /** A sum that this replica has tried to begin. */
  #seeded: { readonly lineage: string; readonly sum: Parts } | null = null

  constructor(options: KeyExchangeOptions) {
    this.#options = options
    this.#replica = options.replica
    this.#base = options.base
    this.#told = options.told
  }

  /** The name that it tells under: another than it was given where that one's journal was restored from a backup. */
  get replica(): string {
    return this.#replica
  }

  /** The sum as it was last seen. */
  get base(): Parts {
    return this.#base
  }

  /** The sequence up to which this replica's own observations are in `base`. */
  get told(): number {
    return this.#told
  }

  /** What was frozen to be told, and is not known to be in the sum. */
  get offer(): Offer | null {
    return this.#telling
  }

  /** Whether there is a sum to add to, as far as is known. */
  get hasJoined(): boolean {
    return this.#lineage !== null
  }

  /** Decides what is told next, for whoever must write it down before. */
  freeze(): Offer {
    this.#telling ??= this.#learned()
    return this.#telling
  }

  /** Takes that back, before it was told to anybody. */
  thaw(): void {
    this.#telling = null
  }

  /** Rejects where the store does not answer; what was learned is told the next time. */
  async exchange(): Promise<void> {
    if (this.#lineage === null) await this.#join()
    else await this.#tell(this.#lineage)
  }

  /**
   * Takes up the sum without telling anything new. Rejects where the store does not answer.
   * @returns false where there is no sum to take up: it has to be begun by an exchange
   */
  async refresh(): Promise<boolean> {
    if (this.#telling !== null) {
      await this.exchange()
      return true
    }
    const answer = await this.#options.sums.read(this.#options.key, this.#replica)
    if (answer.lineage === null) this.#lineage = null
    if (this.#lineage === null) return answer.lineage !== null && this.#enter(answer)
    // The store went back to what it was before: what is known here is more.
    if (answer.lineage === this.#lineage && answer.told !== this.#told) return false
    return this.#adopt(answer, this.#countedIn(answer))
  }

  async #tell(lineage: string): Promise<void> {
    const { key, sums } = this.#options
    this.#telling ??= this.#learned()
    const { sequence, known, delta } = this.#telling
    const answer = await sums.add(key, { replica: this.#replica, sequence, told: this.#told, lineage, delta })
    if (answer.lineage !== lineage) await this.#follow(answer)
    else if (answer.told === sequence) await this.#take(answer, known)
    // The store went back to what it was before: what is known here is more.
    else await this.#seed(lineage)
  }

  #learned(): Telling {
    const { sequence, known } = this.#options
    const all = known()
    const delta = subtract(all, this.#base)
    return { sequence: sequence(), known: all, delta: isNothing(delta) ? NOTHING : delta }
  }

  async #join(): Promise<void> {
    const answer = await this.#options.sums.read(this.#options.key, this.#replica)
    if (answer.lineage === null || !(await this.#enter(answer))) await this.#seed(answer.lineage)
  }

  /** @returns false where the sum is illegal */
  async #enter(answer: SharedSum): Promise<boolean> {
    const { sequence, relearn, newName } = this.#options
    if (answer.told > this.#told && answer.lineage !== this.#seeded?.lineage) {
      const { told } = answer
      const base = told > sequence() ? null : await relearn(this.#base, this.#told, told)
      if (base === null) {
        // The journal is older than what it told once, as after a restored backup: its numbers mean something else now.
        this.#replica = `${this.#replica}~${newName()}`
        return this.#adopt({ ...answer, told: 0 }, this.#base)
      }
      // Told after the last snapshot, by the process before: it is in the sum, and must not be told again.
      this.#base = base
      this.#told = told
    }
    return this.#adopt(answer, this.#countedIn(answer))
  }

  /** The sum is another than the one that was told to: from now on this is it. */
  async #follow(answer: SharedSum): Promise<void> {
    if (answer.lineage === null) await this.#seed(null)
    else await this.#take(answer, this.#countedIn(answer))
  }

  /** @param counted what, of all that is known, is in the sum */
  async #take(answer: SharedSum, counted: Parts): Promise<void> {
    if (!this.#adopt(answer, counted)) await this.#seed(answer.lineage)
  }

  /** Begins the sum anew from what is known here, unless another replica is quicker. */
  async #seed(instead: string | null): Promise<void> {
    const { key, sums, newName } = this.#options
    const { sequence, known } = this.freeze()
    // Word for word again, where the answer was lost.
    if (this.#seeded?.sum !== known) this.#seeded = { lineage: newName(), sum: known }
    const seed = { replica: this.#replica, sequence, instead, ...this.#seeded }
    const answer = await sums.seed(key, seed)
    if (!this.#adopt(answer, this.#countedIn(answer))) throw new Error(`the shared sum of ${key} is corrupt`)
  }

  #countedIn({ lineage }: SharedSum): Parts {
    return this.#seeded?.lineage === lineage ? this.#seeded.sum : this.#base
  }

  #adopt(answer: SharedSum, counted: Parts): boolean {
    const { adopt, known } = this.#options
    if (answer.sum === null || !adopt(add(answer.sum, subtract(known(), counted)))) return false
    this.#lineage = answer.lineage
    this.#told = answer.told
    this.#base = answer.sum
    this.#seeded = null
    this.#telling = null
    return true
  }
}
