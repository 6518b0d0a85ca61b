/** One context in memory: its figures, what of them is stored, and its place among the others. */
import type { ContextFigures } from './context-figures.ts'
import { type ContextKey, nameOf } from './context-key.ts'
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

  constructor(key: ContextKey, figures: ContextFigures) {
    this.name = nameOf(key)
    this.key = key
    this.figures = figures
  }

  get isChanged(): boolean {
    return this.changes !== this.saved
  }
}
