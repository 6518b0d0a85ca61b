/**
 * Loads contexts behind the decisions, a few at a time, and adds what was stored to what was learned meanwhile. A failure stops
 * nobody: the context goes on from its parent's beliefs, and is asked for again later.
 */
import type { Clock } from '@atp/core/clock'
import type { Warn } from '../../observation/learning.ts'
import type { ContextRepository, StoredContext } from '../../observation/ports.ts'
import type { ContextEntry } from './context-entry.ts'
import { readArms } from './context-row.ts'

const MOST_UNDER_WAY = 16
const RETRY_AFTER_MS = 1_000

export class ContextLoader {
  readonly #repository: Pick<ContextRepository, 'loadContext'>
  readonly #clock: Clock
  readonly #warn: Warn
  /** Waiting for their turn, with who waits for them. */
  readonly #wanted = new Map<ContextEntry, PromiseWithResolvers<void>>()
  readonly #halfLifeMs: number
  #underWay = 0
  #isFailing = false
  /** Loads that failed. */
  failures = 0
  /** Loads that changed what is believed. */
  merged = 0
  /** Hears of each context that has come. */
  onArrival: (entry: ContextEntry) => void = () => {}

  constructor(
    repository: Pick<ContextRepository, 'loadContext'>,
    halfLifeMs: number,
    clock: Clock,
    warn: Warn,
  ) {
    this.#halfLifeMs = halfLifeMs
    this.#repository = repository
    this.#clock = clock
    this.#warn = warn
  }

  /** Sees to it that the context is loaded, unless that has failed just now. */
  want(entry: ContextEntry): void {
    if (entry.hasArrived || entry.arrival !== null) return
    if (this.#clock.monotonic() - entry.failedAt < RETRY_AFTER_MS) return
    void this.need(entry)
  }

  /** Resolves once the context is loaded; rejects where that failed, or it was forgotten. */
  need(entry: ContextEntry): Promise<void> {
    if (entry.hasArrived) return Promise.resolve()
    if (entry.arrival !== null) return entry.arrival
    const settle = Promise.withResolvers<void>()
    // Whoever only decides does not wait for it.
    settle.promise.catch(() => {})
    entry.arrival = settle.promise
    this.#wanted.set(entry, settle)
    this.#next()
    return settle.promise
  }

  /** Nobody needs it any more, where its turn has not come yet: who waits for it is told so. */
  forget(entry: ContextEntry): void {
    const settle = this.#wanted.get(entry)
    if (settle === undefined) return
    this.#wanted.delete(entry)
    entry.arrival = null
    settle.reject(new Error('a context was given up before it was loaded'))
  }

  /** What is stored of it has come, on whichever way; what comes later is the same again. */
  arrive(entry: ContextEntry, stored: StoredContext | null): void {
    if (entry.hasArrived) return
    entry.hasArrived = true
    entry.arrival = null
    if (stored !== null) this.#takeUp(entry, stored)
    this.onArrival(entry)
  }

  #next(): void {
    for (const [entry, settle] of this.#wanted) {
      if (this.#underWay >= MOST_UNDER_WAY) return
      this.#wanted.delete(entry)
      this.#underWay += 1
      void this.#load(entry, settle)
    }
  }

  async #load(entry: ContextEntry, settle: PromiseWithResolvers<void>): Promise<void> {
    try {
      this.arrive(entry, await this.#repository.loadContext(entry.key))
      this.#isFailing = false
      settle.resolve()
    } catch (error) {
      this.#fail(entry, error)
      settle.reject(error)
    }
    this.#underWay -= 1
    this.#next()
  }

  #takeUp(entry: ContextEntry, stored: StoredContext): void {
    this.merged += 1
    const { memory, shared } = readArms(stored, this.#halfLifeMs)
    entry.shared = shared
    const legal = entry.figures.merge(memory)
    if (!legal) this.#warn(`what is stored of a context (task ${entry.key.task}) is corrupt: it is left out`)
  }

  #fail(entry: ContextEntry, error: unknown): void {
    entry.arrival = null
    entry.failedAt = this.#clock.monotonic()
    this.failures += 1
    if (!this.#isFailing) {
      this.#warn(`contexts cannot be loaded, deciding from what all have in common: ${error}`)
    }
    this.#isFailing = true
  }
}
