/** The reads of feedback, replay and start, and the snapshot's save: one implementation for both databases. */
import {
  type ContextRepository,
  type DecisionRecord,
  type DecisionRepository,
  type LearningContext,
  NO_CONTEXT,
  type Observation,
  type ObservationRepository,
  type RecordedSignal,
} from '@atp/domain/observation'
import type { ContextKey } from '@atp/domain/routing'
import { type Kysely, type Selectable, sql } from 'kysely'
import type { StoredContextText } from './context-json.ts'
import type { Schema } from './schema.ts'
import type { StoredSnapshot } from './snapshot-json.ts'

export interface StoredObservation {
  readonly sequence: number
  readonly observation: Observation
  /** Null where the observation's decision is not in this database. */
  readonly context: LearningContext | null
}

/** SQLite binds at most 32,766 parameters, Postgres 65,535. */
const PER_QUERY = 1_000

export class Repositories implements DecisionRepository {
  readonly #db: Kysely<Schema>
  readonly #replica: string

  /** @param replica whose snapshot `save` writes */
  constructor(db: Kysely<Schema>, replica: string) {
    this.#db = db
    this.#replica = replica
  }

  async find(id: DecisionRecord['id']): Promise<DecisionRecord | null> {
    const row = await this.#db
      .selectFrom('decisions')
      .select(['tenant', 'task', 'arm', 'pinned', 'features', 'signal', 'signal_worth', 'at'])
      .where('id', '=', id)
      .executeTakeFirst()
    if (row === undefined) return null
    return {
      id,
      tenant: row.tenant,
      task: row.task,
      arm: row.arm as DecisionRecord['arm'],
      pinned: Boolean(row.pinned),
      features: row.features,
      signal: signalOf(row),
      at: row.at,
    }
  }

  /** What a learner must know of these decisions; those that are not here are left out. */
  async contexts(ids: readonly string[]): Promise<ReadonlyMap<string, LearningContext>> {
    const found = new Map<string, LearningContext>()
    for (const some of chunks(ids)) {
      const query = this.#db
        .selectFrom('decisions')
        .select(['id', 'task', 'pinned', 'features', 'signal', 'signal_worth', 'at'])
        .where('id', 'in', some)
      for (const row of await query.execute()) found.set(row.id, contextFrom(row))
    }
    return found
  }

  async known(ids: readonly string[]): Promise<ReadonlySet<string>> {
    const found = new Set<string>()
    for (const some of chunks(ids)) {
      const query = this.#db.selectFrom('observations').select('id').where('id', 'in', some)
      for (const row of await query.execute()) found.add(row.id)
    }
    return found
  }

  async after(sequence: number, limit: number): Promise<readonly StoredObservation[]> {
    const rows = await this.#db
      .selectFrom('observations')
      .leftJoin('decisions', 'decisions.id', 'observations.decision_id')
      .selectAll('observations')
      .select([
        'decisions.task',
        'decisions.pinned',
        'decisions.features',
        'decisions.signal',
        'decisions.signal_worth',
        'decisions.at as decided_at',
      ])
      .where('observations.sequence', '>', sequence)
      .orderBy('observations.sequence')
      .limit(limit)
      .execute()
    return rows.map(row => ({
      sequence: row.sequence,
      observation: toObservation(row),
      context: contextOf(row),
    }))
  }

  /** The last decisions since `since`, youngest first, with the mean of their judgements and what their answers cost. */
  async decided(since: number, limit: number) {
    const outcomes = this.#db
      .selectFrom('observations')
      .select([
        'decision_id',
        sql<number | null>`avg(case when kind = 'feedback' then quality end)`.as('quality'),
        sql<
          number | null
        >`cast(sum(case when kind = 'attempt' then cost_micro_usd end) as double precision)`.as(
          'cost_micro_usd',
        ),
      ])
      .where('decision_id', 'is not', null)
      .where('at', '>=', since)
      .groupBy('decision_id')
    return await this.#db
      .selectFrom('decisions')
      .leftJoin(outcomes.as('outcome'), 'outcome.decision_id', 'decisions.id')
      .selectAll('decisions')
      .select(['outcome.quality', 'outcome.cost_micro_usd'])
      .where('decisions.at', '>=', since)
      .orderBy('decisions.sequence', 'desc')
      .limit(limit)
      .execute()
  }

  async save({ appliedSequence, takenAt, arms }: StoredSnapshot): Promise<void> {
    const row = { applied_sequence: appliedSequence, taken_at: takenAt, arms }
    await this.#db
      .insertInto('snapshots')
      .values({ replica: this.#replica, ...row })
      .onConflict(conflict => conflict.column('replica').doUpdateSet(row))
      .execute()
  }

  /** The latest of any replica. */
  async load(): Promise<StoredSnapshot | null> {
    const row = await this.#db
      .selectFrom('snapshots')
      .select(['applied_sequence as appliedSequence', 'taken_at as takenAt', 'arms'])
      .orderBy('taken_at', 'desc')
      .limit(1)
      .executeTakeFirst()
    return row ?? null
  }

  /** The latest of any replica. */
  async loadContext({ tenant, task }: ContextKey): Promise<StoredContextText | null> {
    const row = await this.#db
      .selectFrom('contexts')
      .select(['applied_sequence as appliedSequence', 'saved_at as savedAt', 'arms'])
      .where('tenant', '=', tenant)
      .where('task', '=', task ?? NO_TASK)
      .orderBy('saved_at', 'desc')
      .limit(1)
      .executeTakeFirst()
    return row === undefined ? null : { tenant, task, ...row }
  }

  async saveContexts(contexts: readonly StoredContextText[]): Promise<void> {
    for (const some of chunks(contexts)) {
      const rows = some.map(({ tenant, task, appliedSequence, savedAt, arms }) => ({
        replica: this.#replica,
        tenant,
        task: task ?? NO_TASK,
        applied_sequence: appliedSequence,
        saved_at: savedAt,
        arms,
      }))
      await this.#db
        .insertInto('contexts')
        .values(rows)
        .onConflict(conflict =>
          conflict
            .columns(['tenant', 'task', 'replica'])
            .doUpdateSet(({ ref }) => ({
              applied_sequence: ref('excluded.applied_sequence'),
              saved_at: ref('excluded.saved_at'),
              arms: ref('excluded.arms'),
            }))
            .whereRef('contexts.applied_sequence', '<=', 'excluded.applied_sequence'),
        )
        .execute()
    }
  }

  async contextsAhead(sequence: number): ReturnType<ContextRepository['contextsAhead']> {
    const rows = await this.#db
      .selectFrom('contexts')
      .select(['tenant', 'task', 'applied_sequence as appliedSequence'])
      .where('replica', '=', this.#replica)
      .where('applied_sequence', '>', sequence)
      .execute()
    return rows.map(row => ({ ...row, task: row.task === NO_TASK ? null : row.task }))
  }
}

/** How a key column says that there is none. */
const NO_TASK = ''

/** As the port has it: what is not known to be chosen by the router must not be learned from as if it were. */
export function asPort(
  rows: readonly StoredObservation[],
): Awaited<ReturnType<ObservationRepository['after']>> {
  return rows.map(row => ({ ...row, context: row.context ?? UNKNOWN_DECISION }))
}

const UNKNOWN_DECISION: LearningContext = { ...NO_CONTEXT, pinned: true }

function contextOf(row: {
  readonly decision_id: string | null
  readonly task: string | null
  readonly pinned: boolean | number | null
  readonly features: string | null
  readonly signal: string | null
  readonly signal_worth: number | null
  readonly decided_at: number | null
}): LearningContext | null {
  if (row.decision_id === null) return NO_CONTEXT
  const { pinned, decided_at: at } = row
  return pinned === null || at === null ? null : contextFrom({ ...row, pinned, at })
}

function contextFrom(row: Context & SignalColumns): LearningContext {
  const { task, pinned, features, at } = row
  return { task, pinned: Boolean(pinned), features, signal: signalOf(row), at }
}

interface Context {
  readonly task: string | null
  readonly pinned: boolean | number
  readonly features: string | null
  readonly at: number
}

interface SignalColumns {
  readonly signal: string | null
  readonly signal_worth: number | null
}

function signalOf({ signal, signal_worth: worth }: SignalColumns): RecordedSignal | null {
  return signal === null || worth === null ? null : { name: signal as RecordedSignal['name'], worth }
}

function toObservation(row: Selectable<Schema['observations']>): Observation {
  const { input_tokens: inputTokens, output_tokens: outputTokens } = row
  return {
    id: row.id,
    kind: row.kind,
    at: row.at,
    tenant: row.tenant,
    decisionId: row.decision_id,
    arm: row.arm,
    outcome: row.outcome,
    quality: row.quality,
    latency: row.latency_ms,
    timeToFirstToken: row.ttft_ms,
    usage:
      inputTokens === null || outputTokens === null
        ? null
        : { inputTokens, outputTokens, estimated: Boolean(row.usage_estimated) },
    cost: row.cost_micro_usd,
  } as Observation
}

function* chunks<Each>(all: readonly Each[]): Generator<readonly Each[]> {
  for (let from = 0; from < all.length; from += PER_QUERY) yield all.slice(from, from + PER_QUERY)
}
