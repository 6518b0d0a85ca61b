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

/** Contexts that may wait to be stored after they had to go. */
export const MOST_LEAVING = 10_000
/** Stored at once. */
const BATCH = 500
const RETRY_AFTER_MS = 1_000

export class ContextSaver {
  readonly #repository: ContextRepository
  readonly #loader: ContextLoader
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

  constructor(repository: ContextRepository, loader: ContextLoader, clock: Clock, warn: Warn) {
    this.#repository = repository
    this.#loader = loader
    this.#clock = clock
    this.#warn = warn
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

  /** Takes down what has changed, as of now. @returns saves it */
  capture(): () => Promise<void> {
    const sequence = this.#sequence
    const captured = Array.from(this.#changed, entry => {
      const { hasArrived, changes } = entry
      return { entry, changes, figures: entry.figures.clone(), hasArrived }
    })
    return async () => {
      for (let from = 0; from < captured.length; from += BATCH) {
        await this.#saveCaptured(captured.slice(from, from + BATCH), sequence)
      }
    }
  }

  async #saveCaptured(captured: readonly Captured[], sequence: number): Promise<void> {
    const rows: StoredContext[] = []
    for (const each of captured) {
      const isWhole = each.hasArrived || (await this.#complete(each, sequence))
      if (isWhole) rows.push(this.#row(each.entry.key, each.figures, sequence))
    }
    await this.#repository.saveContexts(rows)
    for (const { entry, changes } of captured) this.#noteSaved(entry, changes)
  }

  /** Adds what is stored, which was not there yet when it was captured. @returns false where it was stored meanwhile */
  async #complete({ entry, figures }: Captured, sequence: number): Promise<boolean> {
    const stored = await this.#repository.loadContext(entry.key)
    if (stored === null) return true
    if (stored.appliedSequence >= sequence) return false
    figures.merge(stored.arms)
    return true
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
    await Promise.all(entries.map(entry => this.#loader.need(entry)))
    const changes = entries.map(entry => entry.changes)
    const rows = entries.map(entry => this.#row(entry.key, entry.figures, this.#sequence))
    await this.#repository.saveContexts(rows)
    for (const [at, entry] of entries.entries()) this.#noteSaved(entry, changes[at] as number)
  }

  #noteSaved(entry: ContextEntry, changes: number): void {
    entry.saved = Math.max(entry.saved, changes)
    if (entry.isChanged) return
    this.#changed.delete(entry)
    if (this.#leaving.get(entry.name) === entry) this.#leaving.delete(entry.name)
  }

  #row({ tenant, task }: ContextKey, figures: ContextFigures, appliedSequence: number): StoredContext {
    return { tenant, task, appliedSequence, savedAt: this.#clock.now(), arms: figures.snapshot() }
  }
}

interface Captured {
  readonly entry: ContextEntry
  readonly changes: number
  readonly figures: ContextFigures
  readonly hasArrived: boolean
}
