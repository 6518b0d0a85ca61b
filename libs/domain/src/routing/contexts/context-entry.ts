/** One context in memory: its figures, what of them is stored, and its place among the others. */
import type { KeyExchange } from '../../replication/key-exchange.ts'
import type { ContextFigures } from './context-figures.ts'
import { type ContextKey, nameOf } from './context-key.ts'
import type { SharedState } from './context-row.ts'
import type { Linked } from './recency-list.ts'

export class ContextEntry implements Linked<ContextEntry> {
  readonly name: string
  readonly key: ContextKey
  readonly figures: ContextFigures
  older: ContextEntry | null = null
  newer: ContextEntry | null = null
  /** Counts what was learned here. */
  changes = 0
  /** As many of them as are stored. */
  saved = 0
  /** Resolves once what is stored of it has been added to the figures; null where nobody is asked for it now. */
  arrival: Promise<void> | null = null
  hasArrived = false
  /** Of the last failure to load it. */
  failedAt = Number.NEGATIVE_INFINITY

  /** Out of memory for good: who needs the context has another entry. */
  isGone = false
  /** Of its stores that are under way. */
  saving = 0
  /** As it was loaded, until the sum of all replicas has answered. */
  shared: SharedState | null = null
  /** With the sum of all replicas; null before it is needed. */
  exchange: KeyExchange | null = null
  /** As many of the changes as were in what was told last. */
  offered = 0

  constructor(key: ContextKey, figures: ContextFigures) {
    this.name = nameOf(key)
    this.key = key
    this.figures = figures
  }

  /** How it stands with the sum of all replicas; null where nothing was ever told. */
  get sharing(): SharedState | null {
    if (this.exchange === null) return this.shared
    const { replica, told, base, offer } = this.exchange
    return { replica, told, base, offer: offer ?? this.shared?.offer ?? null }
  }

  get isChanged(): boolean {
    return this.changes !== this.saved
  }
}
