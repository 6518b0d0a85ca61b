/** Learning survives a restart: the last snapshot, then what was committed after it. A corrupt figure is left out, never fatal. */
import { learnFrom, type Warn } from './learning.ts'
import type { ContextKeeper, Learner, ObservationRepository, Snapshot, SnapshotRepository } from './ports.ts'

export interface RecoveryOptions {
  readonly snapshots: SnapshotRepository
  readonly observations: Pick<ObservationRepository, 'after'>
  readonly learner: Learner
  readonly contexts: ContextKeeper
  readonly warn: Warn
  /** Observations read at once. */
  readonly pageSize?: number
}

export interface Recovery {
  /** What it began with. */
  readonly snapshot: Snapshot | null
  /** Arms in the snapshot. */
  readonly arms: number
  /** Observations learned from again. */
  readonly replayed: number
  /** Observations that the learner could not digest. */
  readonly skipped: number
  /** Of the last observation that the learner has seen. */
  readonly sequence: number
}

const PAGE = 1_000

/** Rejects only where the observations cannot be read, or how far contexts are. */
export async function recover(options: RecoveryOptions): Promise<Recovery> {
  const { observations, learner, contexts, warn, pageSize = PAGE } = options
  const snapshot = await loadSnapshot(options)
  if (snapshot !== null) learner.restore(snapshot.arms, warn)
  const arms = snapshot === null ? 0 : Object.keys(snapshot.arms).length
  let sequence = snapshot?.appliedSequence ?? 0
  await contexts.beginReplay(sequence)
  let replayed = 0
  let skipped = 0
  for (;;) {
    const page = await observations.after(sequence, pageSize)
    if (page.length === 0) break
    for (const stored of page) {
      if (learnFrom(learner, stored.observation, stored.context, warn, stored.sequence)) replayed += 1
      else skipped += 1
      sequence = stored.sequence
      learner.reached(sequence)
    }
    // So that no more of them wait than a page has.
    await contexts.settle()
  }
  await contexts.endReplay()
  return { snapshot, arms, replayed, skipped, sequence }
}

/** @returns null where there is no snapshot to trust: everything is learned again from the observations */
async function loadSnapshot({ snapshots, warn }: RecoveryOptions): Promise<Snapshot | null> {
  try {
    const snapshot = await snapshots.load()
    if (snapshot === null || isTrustworthy(snapshot)) return snapshot
    warn('the snapshot of the learned state is corrupt: learning again from the observations')
  } catch (error) {
    warn(`the snapshot of the learned state cannot be read, learning again from the observations: ${error}`)
  }
  return null
}

function isTrustworthy({ appliedSequence, arms }: Snapshot): boolean {
  const placed = Number.isSafeInteger(appliedSequence) && appliedSequence >= 0
  return placed && typeof arms === 'object' && arms !== null && !Array.isArray(arms)
}
