/** `GET /admin/v1/usage`: calls, tokens and money by day, tenant, key and model. */
import type { Clock } from '@atp/core/clock'
import { AtpError } from '@atp/core/errors'
import type { TenantId } from '@atp/core/ids'
import { epochMs, microUsd, toUsd } from '@atp/core/units'
import type { TenantStore, Usage } from '@atp/domain/tenant'
import { Type } from 'typebox'
import type { App } from '../../app.ts'
import { Arm, Problem, Usd } from '../../schemas/common.ts'

const DAY_MS = 86_400_000
const MOST_DAYS = 92
const Day = Type.String({ format: 'date', examples: ['2026-11-24'] })

const Row = Type.Object({
  day: Day,
  tenant: Type.String(),
  key: Type.Union([Type.String(), Type.Null()], { description: 'Null where no key was asked for.' }),
  model: Arm,
  calls: Type.Integer({ description: 'Failed ones included.' }),
  input_tokens: Type.Integer(),
  output_tokens: Type.Integer(),
  cost_usd: Usd,
})

export interface AdminUsageOptions {
  readonly store: TenantStore
  readonly clock: Clock
}

export async function adminUsage(app: App, { store, clock }: AdminUsageOptions): Promise<void> {
  app.get(
    '/admin/v1/usage',
    {
      config: { plane: 'admin' },
      schema: {
        summary: 'What was used, by day, tenant, key and model',
        description:
          'Today, where no day is said; one day, where one is. Days are UTC. With a Postgres, what a replica has not moved there yet is missing: usually less than a second.',
        tags: ['admin'],
        querystring: Type.Object(
          {
            from: Type.Optional(Type.Unsafe<string>({ ...Day, description: 'The first day.' })),
            to: Type.Optional(
              Type.Unsafe<string>({ ...Day, description: `The last day, at most ${MOST_DAYS} in all.` }),
            ),
            tenant: Type.Optional(Type.String({ maxLength: 64 })),
          },
          { additionalProperties: false },
        ),
        response: { 200: Type.Object({ data: Type.Array(Row) }), '4xx': Problem, '5xx': Problem },
      },
    },
    async ({ query }) => {
      const today = new Date(clock.now()).toISOString().slice(0, 10)
      const { from = query.to ?? today, to = query.from ?? today, tenant } = query
      const [first, last] = [Date.parse(from), Date.parse(to)]
      if (last < first || last - first >= MOST_DAYS * DAY_MS) throw badRange(from, to)
      const rows: Usage[] = []
      // A day at a time: a journal that is the database commits nothing while it sums, 0.1 s for 100,000 calls.
      for (let day = first; day <= last; day += DAY_MS) {
        const those = { from: epochMs(day), until: epochMs(day + DAY_MS) }
        rows.push(...(await store.usage({ tenant: (tenant ?? null) as TenantId | null, ...those })))
      }
      return {
        data: rows.map(row => ({
          day: row.day,
          tenant: row.tenant,
          key: row.key,
          model: row.arm,
          calls: row.calls,
          input_tokens: row.inputTokens,
          output_tokens: row.outputTokens,
          cost_usd: toUsd(microUsd(row.costMicroUsd)),
        })),
      }
    },
  )
}

function badRange(from: string, to: string): AtpError {
  return new AtpError('invalid_request', {
    detail: 'these days are no range',
    problems: [{ field: 'to', found: to, allowed: `${from} or later, at most ${MOST_DAYS} days in all` }],
  })
}
