/** Stored contexts in memory; loads and saves may be made to fail, or to wait. */
import type { ContextRepository, StoredContext } from '../../src/observation/index.ts'
import type { ContextKey } from '../../src/routing/index.ts'

export class MemoryContexts implements ContextRepository {
  readonly rows = new Map<string, StoredContext>()
  /** Tasks in the order in which they were asked for. */
  readonly loaded: (string | null)[] = []
  failing = false
  /** Loads wait for it. */
  gate: Promise<void> = Promise.resolve()
  underWay = 0
  mostUnderWay = 0

  async loadContext(key: ContextKey): Promise<StoredContext | null> {
    // As on the way to a thread or a database: plain data.
    structuredClone(key)
    this.loaded.push(key.task)
    this.underWay += 1
    this.mostUnderWay = Math.max(this.mostUnderWay, this.underWay)
    await this.gate
    this.underWay -= 1
    if (this.failing) throw new Error('the store is away')
    return this.rows.get(nameOf(key)) ?? null
  }

  async saveContexts(contexts: readonly StoredContext[]): Promise<void> {
    if (this.failing) throw new Error('the store is away')
    for (const context of contexts) {
      const before = this.rows.get(nameOf(context))
      if (before !== undefined && before.appliedSequence > context.appliedSequence) continue
      this.rows.set(nameOf(context), structuredClone(context))
    }
  }

  async contextsAhead(sequence: number) {
    return Array.from(this.rows.values()).filter(({ appliedSequence }) => appliedSequence > sequence)
  }
}

function nameOf({ tenant, task }: ContextKey): string {
  return `${tenant}/${task ?? ''}`
}
