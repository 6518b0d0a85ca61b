/**
 * Batch inserts: one parameter, one plan, however many rows. The parameter is one JSON text because the drain's comes ready-made
 * from the journal's thread: an array a column would be taken apart and quoted on the thread that serves requests.
 */

const OBSERVATION_COLUMNS = {
  id: 'text',
  kind: 'text',
  at: 'bigint',
  tenant: 'text',
  decision_id: 'text',
  arm: 'text',
  outcome: 'text',
  quality: 'double precision',
  latency_ms: 'double precision',
  ttft_ms: 'double precision',
  input_tokens: 'bigint',
  output_tokens: 'bigint',
  usage_estimated: 'boolean',
  cost_micro_usd: 'bigint',
}

const DECISION_COLUMNS = {
  id: 'text',
  at: 'bigint',
  tenant: 'text',
  arm: 'text',
  strategy: 'text',
  pinned: 'boolean',
  seed: 'text',
  state_version: 'bigint',
  weight_quality: 'double precision',
  weight_cost: 'double precision',
  weight_latency: 'double precision',
  candidates: 'json',
  features: 'text',
  exploration: 'double precision',
  shadow_strategy: 'text',
  shadow_arm: 'text',
  signal: 'text',
  signal_worth: 'double precision',
  task: 'text',
  key_id: 'text',
}

export const INSERT_OBSERVATIONS = insertInto('observations', OBSERVATION_COLUMNS)
export const INSERT_DECISIONS = insertInto('decisions', DECISION_COLUMNS)

/** One append at a time, so that a reader who has seen a sequence number has seen all before it. */
export const APPEND_LOCK = 'select pg_advisory_xact_lock(4711001)'
export const LAST_SEQUENCE = 'select coalesce(max(sequence), 0) as sequence from observations'

/** The rows are numbered in the order of the array. */
function insertInto(table: string, columns: Readonly<Record<string, string>>): string {
  const names = Object.keys(columns).join(', ')
  const typed = Object.entries(columns).map(([name, type]) => `${name} ${type}`)
  return `
    insert into ${table} (${names})
    select ${names}
    from rows from (json_to_recordset($1::json) as (${typed.join(', ')})) with ordinality as row (${names}, position)
    order by position
    on conflict (id) do nothing`
}
