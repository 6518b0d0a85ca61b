/**
 * The last decisions, in memory, before those that are stored: feedback may come while the answer is still under way.
 * Bounded by two generations: when the younger is full, the older is forgotten whole. No removal of single entries,
 * which a Map pays for with ever longer walks over its gaps.
 */
import type { DecisionId } from '@atp/core/ids'
import type { DecisionRecord, DecisionRepository } from './ports.ts'

const CAPACITY = 100_000

interface Remembered {
  readonly decision: DecisionRecord
  judged: boolean
}

export class RecentDecisions implements DecisionRepository {
  readonly #stored: DecisionRepository
  readonly #generation: number
  #young = new Map<DecisionId, Remembered>()
  #old = new Map<DecisionId, Remembered>()

  /** @param capacity at most so many are kept in memory, and at least the later half of so many */
  constructor(stored: DecisionRepository, capacity = CAPACITY) {
    this.#stored = stored
    this.#generation = Math.max(1, Math.floor(capacity / 2))
  }

  /** Decisions in memory. */
  get size(): number {
    return this.#young.size + this.#old.size
  }

  /** Keeps only what feedback needs: a whole decision, with its candidates, weighs kilobytes. The last word on an id counts. */
  remember({ id, tenant, task, arm, pinned, features, signal, at }: DecisionRecord): void {
    const judged = this.isJudged(id)
    if (this.#young.size >= this.#generation) {
      this.#old = this.#young
      this.#young = new Map()
    }
    this.#young.set(id, { decision: { id, tenant, task, arm, pinned, features, signal, at }, judged })
  }

  /** Somebody judged it: what it says of itself from now on does not count. */
  judge(id: DecisionId): void {
    const remembered = this.#recall(id)
    if (remembered !== undefined) remembered.judged = true
  }

  /** False also where the decision is not in memory any more. */
  isJudged(id: DecisionId): boolean {
    return this.#recall(id)?.judged ?? false
  }

  async find(id: DecisionId): Promise<DecisionRecord | null> {
    return this.#recall(id)?.decision ?? (await this.#stored.find(id))
  }

  #recall(id: DecisionId): Remembered | undefined {
    return this.#young.get(id) ?? this.#old.get(id)
  }
}
