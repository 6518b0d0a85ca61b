/**
 * Stores contexts: those that have to go, and before a snapshot those that changed. Invariant: a stored context holds exactly the
 * observations up to the sequence that is stored with it. Memory is bounded: where the store takes nothing for long, the oldest that wait
 * for it are given up; their parent has learned from all that they did.
 */
import type { Clock } from '@atp/core/clock'
import type { Warn } from '../../observation/learning.ts'
import type { ContextRepository, StoredContext } from '../../observation/ports.ts'
import type { ContextEntry } from './context-entry.ts'
import type { ContextFigures } from './context-figures.ts'
import type { ContextKey } from './context-key.ts'
import type { ContextLoader } from './context-loader.ts'
import { armsOf, readArms, type SharedState } from './context-row.ts'

/** Contexts that may wait to be stored after they had to go. */
export const MOST_LEAVING = 10_000
/** Stored at once. */
const BATCH = 500
const RETRY_AFTER_MS = 1_000

export class ContextSaver {
  readonly #repository: ContextRepository
  readonly #loader: ContextLoader
  readonly #halfLifeMs: number
  readonly #clock: Clock
  readonly #warn: Warn
  readonly #changed = new Set<ContextEntry>()
  /** Out of memory, and not stored yet. */
  readonly #leaving = new Map<string, ContextEntry>()
  #sequence = 0
  #spilling: Promise<void> | null = null
  #failedAt: number | null = null
  /** Attempts to store contexts that failed. */
  failures = 0

  /** Hears of each one that has gone, once it is stored. */
  onGone: (entry: ContextEntry) => void = () => {}
  /** Hears of each one that was given up. */
  onGivenUp: (entry: ContextEntry) => void = () => {}

  constructor(
    repository: ContextRepository,
    loader: ContextLoader,
    halfLifeMs: number,
    clock: Clock,
    warn: Warn,
  ) {
    this.#repository = repository
    this.#halfLifeMs = halfLifeMs
    this.#loader = loader
    this.#clock = clock
    this.#warn = warn
  }

  get sequence(): number {
    return this.#sequence
  }

  /** All observations up to this sequence are in the contexts. */
  reached(sequence: number): void {
    this.#sequence = Math.max(this.#sequence, sequence)
  }

  noteChanged(entry: ContextEntry): void {
    entry.changes += 1
    this.#changed.add(entry)
  }

  /** It has to go. */
  leave(entry: ContextEntry): void {
    if (!entry.isChanged) {
      this.#loader.forget(entry)
      this.onGone(entry)
      return
    }
    if (this.#leaving.size >= MOST_LEAVING) this.#giveUp(this.#leaving.values().next().value as ContextEntry)
    this.#leaving.set(entry.name, entry)
    const failedJustNow = this.#failedAt !== null && this.#clock.monotonic() - this.#failedAt < RETRY_AFTER_MS
    if (!failedJustNow) this.#spilling ??= this.#spill()
  }

  /** One that has not gone yet, for whoever needs it again. */
  takeBack(name: string): ContextEntry | null {
    const entry = this.#leaving.get(name) ?? null
    this.#leaving.delete(name)
    return entry
  }

  /** Resolves when nothing waits to be stored, or the store takes nothing. */
  async settle(): Promise<void> {
    await this.#spilling
  }

  /** Stores them as they are now: all of them must have arrived. */
  async saveNow(entries: readonly ContextEntry[]): Promise<void> {
    const changes = entries.map(entry => entry.changes)
    const rows = entries.map(entry => this.#row(entry.key, entry, this.#sequence))
    for (const entry of entries) entry.saving += 1
    try {
      await this.#repository.saveContexts(rows)
    } finally {
      for (const entry of entries) entry.saving -= 1
    }
    for (const [at, entry] of entries.entries()) this.#noteSaved(entry, changes[at] as number)
  }

  /** Takes down what has changed, as of now. @returns saves it */
  capture(): () => Promise<void> {
    const sequence = this.#sequence
    const captured = Array.from(this.#changed, entry => {
      const { hasArrived, changes, sharing } = entry
      entry.saving += 1
      return { entry, changes, figures: entry.figures.clone(), sharing, hasArrived }
    })
    return async () => {
      try {
        for (let from = 0; from < captured.length; from += BATCH) {
          await this.#saveCaptured(captured.slice(from, from + BATCH), sequence)
        }
      } finally {
        for (const { entry } of captured) entry.saving -= 1
      }
    }
  }

  async #saveCaptured(captured: readonly Captured[], sequence: number): Promise<void> {
    const rows: StoredContext[] = []
    for (const each of captured) {
      const isWhole = each.hasArrived || (await this.#complete(each, sequence))
      if (isWhole) rows.push(this.#row(each.entry.key, each, sequence))
    }
    await this.#repository.saveContexts(rows)
    for (const { entry, changes } of captured) this.#noteSaved(entry, changes)
  }

  /** Adds what is stored, which was not there yet when it was captured. @returns false where it was stored meanwhile */
  async #complete(captured: Captured, sequence: number): Promise<boolean> {
    const stored = await this.#repository.loadContext(captured.entry.key)
    if (stored !== null && stored.appliedSequence >= sequence) return false
    // Loaded from now on, the row would bring what the entry has already.
    this.#loader.arrive(captured.entry, stored)
    if (stored === null) return true
    const { memory, shared } = readArms(stored, this.#halfLifeMs)
    captured.figures.merge(memory)
    captured.sharing = shared
    return true
  }

  #giveUp(entry: ContextEntry): void {
    this.#leaving.delete(entry.name)
    this.#changed.delete(entry)
    this.#loader.forget(entry)
    this.onGivenUp(entry)
  }

  async #spill(): Promise<void> {
    // Whoever is learning now learns to the end of what was committed together: then the sequence says what is in the figures.
    await Promise.resolve()
    try {
      while (this.#leaving.size > 0) await this.#spillSome(Array.from(this.#leaving.values()).slice(0, BATCH))
      this.#failedAt = null
    } catch (error) {
      // The next one that has to go tries again, and so does the next snapshot.
      this.failures += 1
      const { message } = error as Error
      if (this.#failedAt === null) this.#warn(`contexts that had to go cannot be stored: ${message}`)
      this.#failedAt = this.#clock.monotonic()
    }
    this.#spilling = null
  }

  async #spillSome(entries: readonly ContextEntry[]): Promise<void> {
    await Promise.all(entries.map(entry => this.#loaded(entry)))
    // Another of its name may have learned more than one that was given up.
    await this.saveNow(entries.filter(entry => this.#changed.has(entry)))
  }

  /** Nobody waits for one that is given up. */
  async #loaded(entry: ContextEntry): Promise<void> {
    try {
      await this.#loader.need(entry)
    } catch (error) {
      if (this.#changed.has(entry)) throw error
    }
  }

  #noteSaved(entry: ContextEntry, changes: number): void {
    entry.saved = Math.max(entry.saved, changes)
    if (entry.isChanged) return
    this.#changed.delete(entry)
    if (this.#leaving.get(entry.name) !== entry) return
    this.#leaving.delete(entry.name)
    this.onGone(entry)
  }

  #row({ tenant, task }: ContextKey, { figures, sharing }: Figures, appliedSequence: number): StoredContext {
    const arms = armsOf(figures.snapshot(), sharing, this.#halfLifeMs)
    return { tenant, task, appliedSequence, savedAt: this.#clock.now(), arms }
  }
}

interface Figures {
  readonly figures: ContextFigures
  readonly sharing: SharedState | null
}

interface Captured extends Figures {
  readonly entry: ContextEntry
  readonly changes: number
  sharing: SharedState | null
  readonly hasArrived: boolean
}
