/**
 * Contexts that replicas have in common, exchanged in rounds: what changed here is told, what is used here is heard, a bounded number
 * of each a round, the longest waiting first. Invariant: nothing is told that is not stored, with the words in which it is told: whoever
 * loads a context finds in the sum's answer whether they were heard.
 */
import { KeyExchange } from '../../replication/key-exchange.ts'
import { isNothing, NOTHING, subtract } from '../../replication/part.ts'
import type { SharedSums } from '../../replication/shared-sums.ts'
import type { ContextEntry } from './context-entry.ts'
import { memoryOf, partsOf, sumKeyOf } from './context-parts.ts'
import type { ContextSaver } from './context-saver.ts'

export interface ContextSharingOptions {
  readonly sums: SharedSums
  /** Names this replica, and its journal, for good. */
  readonly replica: string
  /** A name that nobody had before. */
  readonly newName: () => string
}

/** Contexts that are told in a round, and that are heard. */
export const MOST_A_ROUND = 100
/** Contexts out of memory that may wait to be told: of the others, the row is told when they are loaded again. */
const MOST_DEPARTING = 1_000

export class ContextSharing {
  readonly #options: ContextSharingOptions
  readonly #saver: Pick<ContextSaver, 'sequence' | 'saveNow'>
  readonly #halfLifeMs: number
  /** The first has waited longest. */
  readonly #untold = new Set<ContextEntry>()
  /** Used since they were last heard. */
  readonly #used = new Set<ContextEntry>()
  /** Out of memory, stored, and not told yet. */
  readonly #departing = new Map<string, ContextEntry>()
  #telling: ReadonlySet<ContextEntry> = new Set()
  #round: Promise<void> | null = null
  /** Counts what was taken up. */
  adopted = 0

  constructor(
    options: ContextSharingOptions,
    saver: Pick<ContextSaver, 'sequence' | 'saveNow'>,
    halfLifeMs: number,
  ) {
    this.#options = options
    this.#saver = saver
    this.#halfLifeMs = halfLifeMs
  }

  noteUsed(entry: ContextEntry): void {
    this.#used.add(entry)
  }

  noteChanged(entry: ContextEntry): void {
    this.#untold.add(entry)
  }

  /** It has come from the store, perhaps with what was never told. */
  noteArrived(entry: ContextEntry): void {
    if (entry.isGone) return
    this.#used.add(entry)
    const { offer = null, base = NOTHING } = entry.shared ?? {}
    if (offer !== null || !isNothing(subtract(this.#known(entry), base))) this.#untold.add(entry)
  }

  /** It has gone from memory, and is stored. */
  depart(entry: ContextEntry): void {
    this.#used.delete(entry)
    const hasRoom = this.#departing.size < MOST_DEPARTING
    const stays = this.#untold.has(entry) && (hasRoom || this.#telling.has(entry))
    if (stays) this.#departing.set(entry.name, entry)
    else this.giveUp(entry)
  }

  /** One that has not been told yet, for whoever needs it again. */
  takeBack(name: string): ContextEntry | null {
    const entry = this.#departing.get(name) ?? null
    this.#departing.delete(name)
    return entry
  }

  /** It is not waited for: where it is stored, it is told when it is loaded again. */
  giveUp(entry: ContextEntry): void {
    entry.isGone = true
    this.#untold.delete(entry)
    this.#used.delete(entry)
  }

  /** One round; while one is under way, that one. Rejects where a store did not answer: what was not told is told later. */
  exchange(): Promise<void> {
    this.#round ??= this.#exchangeSome().finally(() => {
      this.#round = null
    })
    return this.#round
  }

  async #exchangeSome(): Promise<void> {
    this.#telling = new Set(this.#nextToTell())
    try {
      const strangers = Array.from(this.#telling).filter(entry => !this.#exchangeOf(entry).hasJoined)
      const unheard = await failuresOf([...strangers, ...this.#nextToHear()], entry => this.#hear(entry))
      const ready = Array.from(this.#telling).filter(entry => !unheard.has(entry))
      await this.#freeze(ready.filter(entry => this.#canFreeze(entry)))
      const untold = await failuresOf(ready, entry => this.#tell(entry))
      for (const failure of [...unheard.values(), ...untold.values()]) throw failure
    } finally {
      this.#telling = new Set()
    }
  }

  /** Whatever comes of it: the next time the others are first. */
  #nextToTell(): ContextEntry[] {
    const next: ContextEntry[] = []
    for (const entry of this.#untold) {
      if (next.length === MOST_A_ROUND) break
      if (entry.hasArrived) next.push(entry)
    }
    for (const entry of next) {
      this.#untold.delete(entry)
      this.#untold.add(entry)
    }
    return next
  }

  #nextToHear(): ContextEntry[] {
    const next: ContextEntry[] = []
    for (const entry of this.#used) {
      if (next.length === MOST_A_ROUND) break
      this.#used.delete(entry)
      if (entry.hasArrived && !this.#telling.has(entry)) next.push(entry)
    }
    return next
  }

  async #hear(entry: ContextEntry): Promise<void> {
    const found = await this.#exchangeOf(entry).refresh()
    if (found) this.#joined(entry)
    else if (!entry.isGone && this.#known(entry).size > 0) this.#untold.add(entry)
  }

  /** Stores what is told next before it is told. */
  async #freeze(fresh: readonly ContextEntry[]): Promise<void> {
    if (fresh.length === 0) return
    for (const entry of fresh) {
      this.#exchangeOf(entry).freeze()
      entry.offered = entry.changes
    }
    try {
      await this.#saver.saveNow(fresh)
    } catch (error) {
      for (const entry of fresh) this.#exchangeOf(entry).thaw()
      throw error
    }
  }

  /** Not while it is being stored otherwise: of two rows of one sequence the later must win. */
  #canFreeze(entry: ContextEntry): boolean {
    return this.#untold.has(entry) && this.#exchangeOf(entry).offer === null && entry.saving === 0
  }

  async #tell(entry: ContextEntry): Promise<void> {
    const exchange = this.#exchangeOf(entry)
    const { offer } = exchange
    if (offer === null) return
    await exchange.exchange()
    this.#joined(entry)
    if (exchange.told !== offer.sequence || entry.changes !== entry.offered) return
    this.#untold.delete(entry)
    if (this.#departing.delete(entry.name)) this.giveUp(entry)
  }

  /** From now on the exchange knows more than the row that it began from. */
  #joined(entry: ContextEntry): void {
    entry.shared = null
  }

  #known(entry: ContextEntry) {
    return partsOf(entry.figures.snapshot(), this.#halfLifeMs)
  }

  #exchangeOf(entry: ContextEntry): KeyExchange {
    const { sums, replica, newName } = this.#options
    const { replica: name = null, base = NOTHING, told = 0 } = entry.shared ?? {}
    entry.exchange ??= new KeyExchange({
      key: sumKeyOf(entry.key),
      replica: name ?? replica,
      sums,
      sequence: () => this.#saver.sequence,
      newName,
      known: () => this.#known(entry),
      adopt: parts => {
        this.adopted += 1
        return entry.figures.replace(memoryOf(parts))
      },
      base,
      told,
      relearn: async (_base, _told, through) => {
        const offer = entry.shared?.offer
        return offer?.sequence === through ? offer.known : null
      },
    })
    return entry.exchange
  }
}

/** Does it for all of them, also where some fail. */
async function failuresOf(
  entries: readonly ContextEntry[],
  does: (entry: ContextEntry) => Promise<void>,
): Promise<ReadonlyMap<ContextEntry, unknown>> {
  const failures = new Map<ContextEntry, unknown>()
  const note = (entry: ContextEntry) => (failure: unknown) => failures.set(entry, failure)
  await Promise.all(entries.map(entry => does(entry).catch(note(entry))))
  return failures
}
