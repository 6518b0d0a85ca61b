/**
 * The contexts in memory: the last ones used, at most `capacity`. One that is not here decides from its parent at once, is loaded
 * behind, and what is stored is added to what it learned meanwhile. One that has to go is stored first, where it changed.
 */
import type { Clock } from '@atp/core/clock'
import type { ArmId } from '@atp/core/ids'
import type { Warn } from '../../observation/learning.ts'
import type { ContextKeeper, ContextRepository } from '../../observation/ports.ts'
import { ContextEntry } from './context-entry.ts'
import { ContextFigures } from './context-figures.ts'
import { type ContextKey, isRoot, nameOf } from './context-key.ts'
import { ContextLoader } from './context-loader.ts'
import { ContextSaver } from './context-saver.ts'
import { ContextSharing, type ContextSharingOptions } from './context-sharing.ts'
import { RecencyList } from './recency-list.ts'

export interface ContextStoreOptions {
  readonly repository: ContextRepository
  /** Contexts in memory, at least 1. */
  readonly capacity: number
  readonly clock: Clock
  readonly warn: Warn
}

export class ContextStore implements ContextKeeper {
  readonly #repository: ContextRepository
  readonly #capacity: number
  readonly #halfLifeMs: number
  readonly #loader: ContextLoader
  readonly #saver: ContextSaver
  readonly #arms: ArmId[] = []
  readonly #entries = new Map<string, ContextEntry>()
  readonly #recency = new RecencyList<ContextEntry>()
  /** During a replay: up to which sequence a stored context holds everything. */
  #ahead = new Map<string, number>()
  /** Null where no other replica is known. */
  #sharing: ContextSharing | null = null
  #misses = 0
  #evictions = 0

  /** @param halfLifeMs milliseconds after which an observation counts half; Infinity never forgets */
  constructor({ repository, capacity, clock, warn }: ContextStoreOptions, halfLifeMs: number) {
    this.#repository = repository
    this.#capacity = capacity
    this.#halfLifeMs = halfLifeMs
    this.#loader = new ContextLoader(repository, halfLifeMs, clock, warn)
    this.#saver = new ContextSaver(repository, this.#loader, halfLifeMs, clock, warn)
  }

  /** In the order of the bandits' indices. */
  addArm(id: ArmId): void {
    this.#arms.push(id)
  }

  /** What changed beliefs without being learned here: the same number, and nothing learned in between, is the same state. */
  get merged(): number {
    return this.#loader.merged + (this.#sharing?.adopted ?? 0)
  }

  /** From now on contexts have a sum in common with those of other replicas. @returns exchanges it, in rounds */
  share(options: ContextSharingOptions): Pick<ContextSharing, 'exchange'> {
    const sharing = new ContextSharing(options, this.#saver, this.#halfLifeMs)
    this.#sharing = sharing
    this.#loader.onArrival = entry => sharing.noteArrived(entry)
    this.#saver.onGone = entry => sharing.depart(entry)
    this.#saver.onGivenUp = entry => sharing.giveUp(entry)
    for (const entry of this.#entries.values()) {
      if (entry.hasArrived) sharing.noteArrived(entry)
    }
    return sharing
  }

  /** For whoever watches. */
  get counts() {
    return {
      size: this.#entries.size,
      misses: this.#misses,
      evictions: this.#evictions,
      failures: this.#loader.failures + this.#saver.failures,
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
    this.#saver.noteChanged(entry)
    this.#sharing?.noteChanged(entry)
    return entry.figures
  }

  reached(sequence: number): void {
    this.#saver.reached(sequence)
  }

  async beginReplay(sequence: number): Promise<void> {
    this.reached(sequence)
    const ahead = await this.#repository.contextsAhead(sequence)
    this.#ahead = new Map(ahead.map(context => [nameOf(context), context.appliedSequence]))
  }

  async endReplay(): Promise<void> {
    this.#ahead = new Map()
    await this.settle()
  }

  settle(): Promise<void> {
    return this.#saver.settle()
  }

  capture(): () => Promise<void> {
    return this.#saver.capture()
  }

  #recall(key: ContextKey): ContextEntry {
    const name = nameOf(key)
    const found = this.#entries.get(name)
    if (found === undefined) return this.#admit(name, key)
    this.#recency.touch(found)
    this.#sharing?.noteUsed(found)
    this.#loader.want(found)
    return found
  }

  #admit(name: string, key: ContextKey): ContextEntry {
    const entry = this.#saver.takeBack(name) ?? this.#sharing?.takeBack(name) ?? this.#missed(key)
    this.#entries.set(name, entry)
    this.#recency.add(entry)
    this.#sharing?.noteUsed(entry)
    this.#loader.want(entry)
    if (this.#entries.size > this.#capacity) this.#evict(this.#recency.oldest as ContextEntry)
    return entry
  }

  /** Keeps of a key no more than it needs: it may be a whole request. */
  #missed({ tenant, task }: ContextKey): ContextEntry {
    this.#misses += 1
    return new ContextEntry({ tenant, task }, new ContextFigures(this.#arms, this.#halfLifeMs))
  }

  #evict(entry: ContextEntry): void {
    this.#evictions += 1
    this.#entries.delete(entry.name)
    this.#recency.remove(entry)
    this.#saver.leave(entry)
  }
}
