/** Where decisions and observations are kept: what the domain asks of a database. */
import type { ArmId, DecisionId } from '@atp/core/ids'
import type { Decision } from '../routing/decision.ts'
import type { Observation } from './observation.ts'
import type { RecordedSignal } from './signal.ts'

/** What is committed together. */
export interface JournalBatch {
  readonly decisions: readonly Decision[]
  readonly observations: readonly Observation[]
}

export interface Journal {
  /**
   * Commits the batch. Resolves when it would survive the death of the process; rejects with nothing written.
   * Rows whose id is there already are left as they are, so that a repeated batch is harmless.
   * @returns the sequence number of the last observation in the journal, rising with each append.
   */
  append(batch: JournalBatch): Promise<number>
}

/** A decision as feedback needs it. */
export interface DecisionRecord {
  readonly id: DecisionId
  readonly tenant: string
  readonly arm: ArmId
  readonly pinned: boolean
  readonly features: string | null
  /** What its answer said of itself; null where that was nothing. */
  readonly signal: RecordedSignal | null
  readonly at: number
}

/** What a learner must know of an observation's decision. */
export type LearningContext = Pick<DecisionRecord, 'pinned' | 'features' | 'signal' | 'at'>

/** Of an observation that belongs to no decision of ours. */
export const NO_CONTEXT: LearningContext = { pinned: false, features: null, signal: null, at: 0 }

export interface DecisionRepository {
  find(id: DecisionId): Promise<DecisionRecord | null>
}

export interface ObservationRepository {
  /** Which of these ids are stored already. */
  known(ids: readonly string[]): Promise<ReadonlySet<string>>
  /** Observations in the order they were committed, after `sequence`; at most `limit`. */
  after(
    sequence: number,
    limit: number,
  ): Promise<readonly { sequence: number; observation: Observation; context: LearningContext }[]>
}

/** Learned state of all arms, with the sequence of the last observation that is in it. */
export interface Snapshot {
  readonly appliedSequence: number
  readonly takenAt: number
  /** Versioned by its writer; plain JSON. */
  readonly arms: Readonly<Record<string, unknown>>
}

export interface SnapshotRepository {
  save(snapshot: Snapshot): Promise<void>
  load(): Promise<Snapshot | null>
}

/** Who learns from observations. */
export interface Learner {
  /** Learns from one committed observation; they come in the order of their commits. */
  apply(observation: Observation, context: LearningContext): void
  /** What was learned, as plain JSON, arm by arm. */
  snapshot(): Readonly<Record<string, unknown>>
  /** Takes up what a snapshot holds; what is corrupt in it is left out, with a warning. */
  restore(arms: Readonly<Record<string, unknown>>, warn: (message: string) => void): void
}
