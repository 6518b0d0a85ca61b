/**
 * The contexts in memory: the last ones used, at most `capacity`. One that is not here decides from its parent at once, is loaded
 * behind, and what is stored is added to what it learned meanwhile. One that has to go is stored first, where it changed.
 * Invariant: a stored context holds exactly the observations up to the sequence that is stored with it, so that a replay after
 * a crash teaches each observation once. Memory is bounded: where the store takes nothing for long, the oldest figures
 * that wait for it are given up; their parent has learned from all of them.
 */
import type { Clock } from '@atp/core/clock'
import type { ArmId } from '@atp/core/ids'
import type { Warn } from '../../observation/learning.ts'
import type { ContextKeeper, ContextRepository, StoredContext } from '../../observation/ports.ts'
import { ContextEntry } from './context-entry.ts'
import { ContextFigures } from './context-figures.ts'
import { type ContextKey, isRoot, nameOf } from './context-key.ts'
import { ContextLoader } from './context-loader.ts'
import { RecencyList } from './recency-list.ts'

export interface ContextStoreOptions {
  readonly repository: ContextRepository
  /** Contexts in memory, at least 1. */
  readonly capacity: number
  readonly clock: Clock
  readonly warn: Warn
}

/** Contexts that may wait to be stored after they had to go. */
const MOST_LEAVING = 10_000
/** Stored at once. */
const BATCH = 500
/** Milliseconds. */
const RETRY_AFTER_MS = 1_000

export class ContextStore implements ContextKeeper {
  readonly #options: ContextStoreOptions
  readonly #halfLifeMs: number
  readonly #loader: ContextLoader
  readonly #arms: ArmId[] = []
  readonly #entries = new Map<string, ContextEntry>()
  readonly #recency = new RecencyList<ContextEntry>()
  /** Out of memory, and not stored yet. */
  readonly #leaving = new Map<string, ContextEntry>()
  readonly #changed = new Set<ContextEntry>()
  /** During a replay: up to which sequence a stored context holds everything. */
  #ahead = new Map<string, number>()
  #sequence = 0
  #spilling: Promise<void> | null = null
  #isFailing = false
  #failedAt = Number.NEGATIVE_INFINITY
  #misses = 0
  #evictions = 0
  #saveFailures = 0

  /** @param halfLifeMs milliseconds after which an observation counts half; Infinity never forgets */
  constructor(options: ContextStoreOptions, halfLifeMs: number) {
    this.#options = options
    this.#halfLifeMs = halfLifeMs
    this.#loader = new ContextLoader(options.repository, options.clock, options.warn)
  }

  /** In the order of the bandits' indices. */
  addArm(id: ArmId): void {
    this.#arms.push(id)
  }

  /** Loads that changed what is believed: the same number, and nothing learned in between, is the same state. */
  get merged(): number {
    return this.#loader.merged
  }

  get figures() {
    return {
      size: this.#entries.size,
      misses: this.#misses,
      evictions: this.#evictions,
      failures: this.#loader.failures + this.#saveFailures,
    }
  }

  /** What is believed there beside what its parent believes; null for the parent of all. */
  find(key: ContextKey): ContextFigures | null {
    return isRoot(key) ? null : this.#recall(key).figures
  }

  /**
   * To write what was observed there. Null for the parent of all, and where what is stored has it already.
   * @param sequence of the observation in the journal, where it is learned again
   */
  learn(key: ContextKey, sequence?: number): ContextFigures | null {
    if (isRoot(key)) return null
    if (sequence !== undefined && sequence <= (this.#ahead.get(nameOf(key)) ?? 0)) return null
    const entry = this.#recall(key)
    entry.changes += 1
    this.#changed.add(entry)
    return entry.figures
  }

  reached(sequence: number): void {
    this.#sequence = Math.max(this.#sequence, sequence)
  }

  async beginReplay(sequence: number): Promise<void> {
    this.reached(sequence)
    const ahead = await this.#options.repository.contextsAhead(sequence)
    this.#ahead = new Map(ahead.map(context => [nameOf(context), context.appliedSequence]))
  }

  async endReplay(): Promise<void> {
    this.#ahead = new Map()
    await this.settle()
  }

  async settle(): Promise<void> {
    await this.#spilling
  }

  capture(): () => Promise<void> {
    const sequence = this.#sequence
    const captured = Array.from(this.#changed, entry => {
      const { hasArrived, changes } = entry
      return { entry, changes, figures: entry.figures.clone(), hasArrived }
    })
    return async () => {
      for (let from = 0; from < captured.length; from += BATCH) {
        const some = captured.slice(from, from + BATCH)
        const rows: StoredContext[] = []
        for (const each of some) {
          if (each.hasArrived || (await this.#complete(each, sequence))) {
            rows.push(this.#row(each.entry.key, each.figures, sequence))
          }
        }
        await this.#options.repository.saveContexts(rows)
        for (const { entry, changes } of some) this.#noteSaved(entry, changes)
      }
    }
  }

  /** Adds what is stored, which was not there yet when it was captured. @returns false where it was stored meanwhile */
  async #complete({ entry, figures }: Captured, sequence: number): Promise<boolean> {
    const stored = await this.#options.repository.loadContext(entry.key)
    if (stored === null) return true
    if (stored.appliedSequence >= sequence) return false
    figures.merge(stored.arms)
    return true
  }

  #recall(key: ContextKey): ContextEntry {
    const name = nameOf(key)
    const found = this.#entries.get(name)
    if (found !== undefined) {
      this.#recency.touch(found)
      this.#loader.want(found)
      return found
    }
    const leaving = this.#leaving.get(name)
    if (leaving === undefined) this.#misses += 1
    this.#leaving.delete(name)
    const entry = leaving ?? this.#newEntry(key)
    this.#entries.set(name, entry)
    this.#recency.add(entry)
    this.#loader.want(entry)
    if (this.#entries.size > this.#options.capacity) this.#evict(this.#recency.oldest as ContextEntry)
    return entry
  }

  /** Keeps of a key no more than it needs: it may be a whole request. */
  #newEntry({ tenant, task }: ContextKey): ContextEntry {
    return new ContextEntry({ tenant, task }, new ContextFigures(this.#arms, this.#halfLifeMs))
  }

  #evict(entry: ContextEntry): void {
    this.#evictions += 1
    this.#entries.delete(entry.name)
    this.#recency.remove(entry)
    if (!entry.isChanged) {
      this.#loader.forget(entry)
      return
    }
    if (this.#leaving.size >= MOST_LEAVING) this.#giveUp(this.#leaving.values().next().value as ContextEntry)
    this.#leaving.set(entry.name, entry)
    if (this.#options.clock.monotonic() - this.#failedAt >= RETRY_AFTER_MS) this.#spilling ??= this.#spill()
  }

  #giveUp(entry: ContextEntry): void {
    this.#leaving.delete(entry.name)
    this.#changed.delete(entry)
    this.#loader.forget(entry)
  }

  async #spill(): Promise<void> {
    // Whoever is learning now learns to the end of what was committed together: then the sequence says what is in the figures.
    await Promise.resolve()
    try {
      while (this.#leaving.size > 0) await this.#spillSome(Array.from(this.#leaving.values()).slice(0, BATCH))
      this.#isFailing = false
    } catch (error) {
      // The next one that has to go tries again, and so does the next snapshot.
      this.#saveFailures += 1
      const { message } = error as Error
      if (!this.#isFailing) this.#options.warn(`contexts that had to go cannot be stored: ${message}`)
      this.#isFailing = true
      this.#failedAt = this.#options.clock.monotonic()
    }
    this.#spilling = null
  }

  async #spillSome(entries: readonly ContextEntry[]): Promise<void> {
    await Promise.all(entries.map(entry => this.#loader.need(entry)))
    const changes = entries.map(entry => entry.changes)
    const rows = entries.map(entry => this.#row(entry.key, entry.figures, this.#sequence))
    await this.#options.repository.saveContexts(rows)
    for (const [at, entry] of entries.entries()) this.#noteSaved(entry, changes[at] as number)
  }

  #noteSaved(entry: ContextEntry, changes: number): void {
    entry.saved = Math.max(entry.saved, changes)
    if (entry.isChanged) return
    this.#changed.delete(entry)
    if (this.#leaving.get(entry.name) === entry) this.#leaving.delete(entry.name)
  }

  #row({ tenant, task }: ContextKey, figures: ContextFigures, appliedSequence: number): StoredContext {
    return { tenant, task, appliedSequence, savedAt: this.#options.clock.now(), arms: figures.snapshot() }
  }
}

interface Captured {
  readonly entry: ContextEntry
  readonly changes: number
  readonly figures: ContextFigures
  readonly hasArrived: boolean
}
