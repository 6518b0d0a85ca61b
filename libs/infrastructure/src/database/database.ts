/** Storage as the gateway sees it, whatever is behind it. */
import type { AtpError } from '@atp/core/errors'
import type {
  ContextRepository,
  DecisionRepository,
  Journal,
  JournalGate,
  ObservationRepository,
  SnapshotRepository,
} from '@atp/domain/observation'
import type { PriceStore } from '@atp/domain/pricing'
import type { TenantStore } from '@atp/domain/tenant'
import type { DrainStatus } from './postgres/postgres-drain.ts'

/** `degraded`: serving, but a person should look. `failed`: nothing new can be recorded now. */
export interface DatabaseReadiness {
  readonly state: 'ready' | 'degraded' | 'failed'
  /** Null where it is ready. */
  readonly reason: string | null
}

/** What is counted of the journal. */
export interface JournalFigures {
  /** Of its file, in use. */
  readonly bytes: number
  /** Rows that gave way before they were kept for good, since the start. */
  readonly dropped: number
  /** Rows that Postgres refused, and that wait for a person. */
  readonly deadLetters: number
}

/** A round trip each, over by itself sooner or later; rejects where there is no answer. */
export interface DatabasePings {
  readonly journal: () => Promise<void>
  /** Null where there is none. */
  readonly postgres: (() => Promise<void>) | null
}

export interface Database extends JournalGate {
  readonly journal: Journal
  readonly decisions: DecisionRepository
  readonly observations: ObservationRepository
  readonly snapshots: SnapshotRepository
  readonly contexts: ContextRepository
  readonly tenants: TenantStore
  readonly prices: PriceStore
  /** Whether other replicas may change what it holds. */
  readonly isShared: boolean
  /** Names this data directory among replicas. */
  readonly replica: string
  /** Starts draining; does not wait for Postgres. */
  start(): void
  /** Drains for at most `deadlineMs` milliseconds, then closes everything. What is left stays in the journal. */
  stop(deadlineMs: number): Promise<void>
  readiness(): DatabaseReadiness
  /** Resolves where nothing can be recorded any more until another process begins; otherwise never. */
  readonly lost: Promise<AtpError>
  readonly pings: DatabasePings
  figures(): JournalFigures
  /** Null where there is no Postgres to drain to. */
  drainStatus(): DrainStatus | null
}
