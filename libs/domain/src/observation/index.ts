export type { Observation, ObservationKind, Outcome, Usage } from './observation.ts'
export { OBSERVATION_KINDS, OUTCOMES } from './observation.ts'
export type {
  DecisionRecord,
  DecisionRepository,
  Journal,
  JournalBatch,
  ObservationRepository,
  Snapshot,
  SnapshotRepository,
} from './ports.ts'
