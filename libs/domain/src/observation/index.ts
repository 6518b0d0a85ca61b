export type { FeedbackResult, FeedbackServiceOptions } from './feedback.ts'
export { FeedbackService, MAX_FEEDBACK_BATCH } from './feedback.ts'
export type { DecisionFeedback, FeedbackInput, OutsideObservation } from './feedback-input.ts'
export type { AnswerToJudge, Judge, Verdict } from './judge.ts'
export type { Warn } from './learning.ts'
export type { Observation, ObservationKind, Outcome, Usage } from './observation.ts'
export { MOST_TOKENS, OBSERVATION_KINDS, OUTCOMES } from './observation.ts'
export type {
  ContextKeeper,
  ContextRepository,
  DecisionRecord,
  DecisionRepository,
  Journal,
  JournalBatch,
  JournalGate,
  Learner,
  LearningContext,
  ObservationRepository,
  Snapshot,
  SnapshotRepository,
  StoredContext,
} from './ports.ts'
export { NO_CONTEXT } from './ports.ts'
export { RecentDecisions } from './recent-decisions.ts'
export type { Recovery, RecoveryOptions } from './recovery.ts'
export { recover } from './recovery.ts'
export type { ObservationServiceOptions } from './service.ts'
export { ObservationService } from './service.ts'
export {
  type RecordedSignal,
  recordSignal,
  SIGNALS,
  type Signal,
  type SignalMeaning,
  type SignalMeanings,
} from './signal.ts'
export type { SnapshotWriterOptions } from './snapshot-writer.ts'
export { SnapshotWriter } from './snapshot-writer.ts'
