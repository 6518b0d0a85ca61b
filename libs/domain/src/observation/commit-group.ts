/** What one commit of the journal takes: everything that arrived while the one before was under way. Its records share one promise. */
import type { Decision } from '../routing/decision.ts'
import type { Observation } from './observation.ts'
import type { JournalBatch, LearningContext } from './ports.ts'

export class CommitGroup implements JournalBatch {
  readonly decisions: Decision[] = []
  readonly observations: Observation[] = []
  /** Of each observation. */
  readonly contexts: LearningContext[] = []
  /** Rows that count against the queue's limit. */
  weight = 0
  readonly #committed = Promise.withResolvers<void>()

  /** Resolves when the group is committed and learned from. */
  get committed(): Promise<void> {
    return this.#committed.promise
  }

  get isEmpty(): boolean {
    return this.weight === 0
  }

  add(decision: Decision | null, observations: readonly Observation[], context: LearningContext): void {
    if (decision !== null) this.decisions.push(decision)
    for (const observation of observations) {
      this.observations.push(observation)
      this.contexts.push(context)
    }
    this.weight += weightOf(observations)
  }

  succeed(): void {
    this.#committed.resolve()
  }

  fail(error: Error): void {
    this.#committed.reject(error)
  }
}

/** A decision alone takes room too. */
export function weightOf(observations: readonly Observation[]): number {
  return Math.max(1, observations.length)
}
