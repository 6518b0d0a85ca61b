/** Where decisions and observations are kept: what the domain asks of a database. */
import type { AtpError } from '@atp/core/errors'
import type { ArmId, DecisionId } from '@atp/core/ids'
import type { ContextKey } from '../routing/contexts/context-key.ts'
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

/** What the record says of itself, beside its commits. */
export interface JournalGate {
  /** Why no new work may begin, since it could not be recorded; null while it may. */
  refusal(): AtpError | null
  /** Resolves once all that is committed by now is as safe as it was asked to be; null where it is already. Rejects where that is not known in time. */
  confirmed(): Promise<void> | null
}

/** A decision as feedback needs it. */
export interface DecisionRecord {
  readonly id: DecisionId
  readonly tenant: string
  readonly arm: ArmId
  /** What kind of work it was, where the request said so. */
  readonly task: string | null
  readonly pinned: boolean
  readonly features: string | null
  /** What its answer said of itself; null where that was nothing. */
  readonly signal: RecordedSignal | null
  readonly at: number
}

/** What a learner must know of an observation's decision. */
export type LearningContext = Pick<DecisionRecord, 'task' | 'pinned' | 'features' | 'signal' | 'at'>

/** Of an observation that belongs to no decision of ours. */
export const NO_CONTEXT: LearningContext = {
  task: null,
  pinned: false,
  features: null,
  signal: null,
  at: 0,
}

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

/** What a part of the traffic has seen of each arm, with the sequence up to which its observations are in it. */
export interface StoredContext extends ContextKey {
  readonly appliedSequence: number
  readonly savedAt: number
  /** Versioned by its writer; plain JSON. */
  readonly arms: Readonly<Record<string, unknown>>
}

export interface ContextRepository {
  loadContext(key: ContextKey): Promise<StoredContext | null>
  /** Each takes the place of what is stored of it, unless that is of a later sequence. */
  saveContexts(contexts: readonly StoredContext[]): Promise<void>
  /** Those that hold more than what was committed up to `sequence`. */
  contextsAhead(sequence: number): Promise<readonly (ContextKey & Pick<StoredContext, 'appliedSequence'>)[]>
}

/** Who keeps contexts, as the snapshot and the recovery need it. */
export interface ContextKeeper {
  /** Takes down what has changed, as of now. @returns saves it; rejects where that failed */
  capture(): () => Promise<void>
  /** What comes now is learned again, from after `sequence`: each context skips what it holds already. */
  beginReplay(sequence: number): Promise<void>
  endReplay(): Promise<void>
  /** Resolves when nothing waits to be stored, or the store takes nothing. */
  settle(): Promise<void>
}

/** Who learns from observations. */
export interface Learner {
  /**
   * Learns from one committed observation; they come in the order of their commits.
   * @param sequence of the observation, where it is learned again
   */
  apply(observation: Observation, context: LearningContext, sequence?: number): void
  /** All observations up to this sequence have come. */
  reached(sequence: number): void
  /** What was learned, as plain JSON, arm by arm. */
  snapshot(): Readonly<Record<string, unknown>>
  /** Takes up what a snapshot holds; what is corrupt in it is left out, with a warning. */
  restore(arms: Readonly<Record<string, unknown>>, warn: (message: string) => void): void
}
