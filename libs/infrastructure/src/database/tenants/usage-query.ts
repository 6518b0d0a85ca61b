/** What was used, by day, tenant, key and model: summed from the calls that were recorded. */
import type { Usage, UsageQuery } from '@atp/domain/tenant'
import { type Kysely, sql } from 'kysely'
import type { Schema } from '../schema.ts'

const DAY_MS = 86_400_000

/** Reads each observation of that time once: a journal that is the database commits nothing meanwhile. */
export async function usageOf(
  db: Kysely<Schema>,
  { tenant, from, until, without = [] }: UsageQuery,
): Promise<Usage[]> {
  const sum = (column: 'input_tokens' | 'output_tokens' | 'cost_micro_usd') =>
    sql<number>`cast(coalesce(sum(${sql.ref(`observations.${column}`)}), 0) as bigint)`
  const day = sql<number>`${sql.ref('observations.at')} / ${sql.lit(DAY_MS)}`
  let query = db
    .selectFrom('observations')
    .leftJoin('decisions', 'decisions.id', 'observations.decision_id')
    .select([
      day.as('day'),
      'observations.tenant',
      'decisions.key_id',
      'observations.arm',
      sql<number>`count(*)`.as('calls'),
      sum('input_tokens').as('input_tokens'),
      sum('output_tokens').as('output_tokens'),
      sum('cost_micro_usd').as('cost_micro_usd'),
    ])
    .where('observations.kind', '=', 'attempt')
    .where('observations.at', '>=', from)
    .where('observations.at', '<', until)
    .groupBy([day, 'observations.tenant', 'decisions.key_id', 'observations.arm'])
    .orderBy(day)
    .orderBy('observations.tenant')
    .orderBy('observations.arm')
    .orderBy('decisions.key_id')
  if (tenant !== null) query = query.where('observations.tenant', '=', tenant)
  if (without.length > 0) query = query.where('observations.id', 'not in', without)
  const rows = await query.execute()
  return rows.map(row => ({
    day: new Date(row.day * DAY_MS).toISOString().slice(0, 10),
    tenant: row.tenant as Usage['tenant'],
    key: row.key_id as Usage['key'],
    arm: row.arm,
    calls: row.calls,
    inputTokens: row.input_tokens,
    outputTokens: row.output_tokens,
    costMicroUsd: row.cost_micro_usd,
  }))
}
