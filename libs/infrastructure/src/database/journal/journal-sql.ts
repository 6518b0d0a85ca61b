/** The journal's hand-written statements: those that run for every request, and the one that finds its place at a start. */

const OBSERVATION_COLUMNS = [
  'sequence',
  'id',
  'kind',
  'at',
  'tenant',
  'decision_id',
  'arm',
  'outcome',
  'quality',
  'latency_ms',
  'ttft_ms',
  'input_tokens',
  'output_tokens',
  'usage_estimated',
  'cost_micro_usd',
]

const DECISION_COLUMNS = [
  'sequence',
  'id',
  'at',
  'tenant',
  'arm',
  'strategy',
  'pinned',
  'seed',
  'state_version',
  'weight_quality',
  'weight_cost',
  'weight_latency',
  'candidates',
  'exclusions',
  'features',
  'exploration',
  'shadow_strategy',
  'shadow_arm',
  'signal',
  'signal_worth',
  'task',
  'key_id',
]

export const INSERT_OBSERVATION = insertInto('observations', OBSERVATION_COLUMNS)
export const INSERT_DECISION = insertInto('decisions', DECISION_COLUMNS)

/** Rows that were drained are gone: their numbers live on in the cursor and in the snapshot. */
export const LAST_SEQUENCES = `
  with observed as (
    select max(coalesce((select max(sequence) from observations), 0),
               coalesce((select max(applied_sequence) from snapshots), 0)) as sequence)
  select sequence as lastObservation,
         max(sequence, coalesce((select max(sequence) from decisions), 0),
             (select drained_through from spool)) as last
  from observed`

function insertInto(table: string, columns: readonly string[]): string {
  const values = columns.map(() => '?').join(', ')
  return `insert into ${table} (${columns.join(', ')}) values (${values}) on conflict (id) do nothing`
}
