/**
 * Saves what was learned, so that a restart need not replay everything. Figures and sequence are of the same moment. Contexts come
 * first: those that are ahead of the snapshot skip what is replayed, and none may be behind it.
 */
import type { Clock } from '@atp/core/clock'
import type { ContextKeeper, Learner, SnapshotRepository } from './ports.ts'

export interface SnapshotWriterOptions {
  readonly snapshots: SnapshotRepository
  readonly observations: { readonly appliedSequence: number }
  readonly learner: Pick<Learner, 'snapshot'>
  readonly contexts: Pick<ContextKeeper, 'capture'>
  readonly clock: Clock
}

export class SnapshotWriter {
  readonly #options: SnapshotWriterOptions
  #savedSequence = 0
  #last: Promise<unknown> = Promise.resolve()

  constructor(options: SnapshotWriterOptions) {
    this.#options = options
  }

  /**
   * One save at a time, each of what is true when its turn comes. Rejects where the save failed; the next one tries again.
   * @returns false where nothing was learned since the last save
   */
  writeNow(): Promise<boolean> {
    const written = this.#last.then(() => this.#write())
    this.#last = written.catch(() => {})
    return written
  }

  async #write(): Promise<boolean> {
    const { snapshots, observations, learner, contexts, clock } = this.#options
    const { appliedSequence } = observations
    if (appliedSequence === this.#savedSequence) return false
    const snapshot = { appliedSequence, takenAt: clock.now(), arms: learner.snapshot() }
    const saveContexts = contexts.capture()
    await saveContexts()
    await snapshots.save(snapshot)
    this.#savedSequence = appliedSequence
    return true
  }
}
