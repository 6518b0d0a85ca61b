/** `GET /admin/v1/audit`: who changed what, when, from what to what; the youngest first. */
import type { TenantStore } from '@atp/domain/tenant'
import { Type } from 'typebox'
import type { App } from '../../app.ts'
import { cut, limitOf, pageFields, pageOf } from '../../schemas/admin/page.ts'
import { Problem } from '../../schemas/common.ts'

const State = Type.Union([Type.Object({}, { additionalProperties: true }), Type.Null()])
const Entry = Type.Object({
  id: Type.String(),
  at: Type.String({ format: 'date-time' }),
  actor: Type.String({ description: 'The id of the key that asked for it, or a part of the gateway.' }),
  action: Type.String({ examples: ['tenant.changed'] }),
  subject: Type.String({ examples: ['tenants/acme'] }),
  before: State,
  after: State,
})

export async function adminAudit(app: App, { store }: { readonly store: TenantStore }): Promise<void> {
  app.get(
    '/admin/v1/audit',
    {
      config: { plane: 'admin' },
      schema: {
        summary: 'The log of changes',
        tags: ['admin'],
        querystring: Type.Object(
          {
            ...pageFields,
            after: Type.Optional(
              Type.String({ pattern: '^[0-9]{1,15}$', description: '`next` of the page before.' }),
            ),
            subject: Type.Optional(
              Type.String({
                maxLength: 400,
                description: '`tenants/ID`, `keys/ID` or `prices/MODEL`: its changes alone.',
              }),
            ),
          },
          { additionalProperties: false },
        ),
        response: { 200: pageOf(Entry), '4xx': Problem, '5xx': Problem },
      },
    },
    async ({ query }) => {
      const limit = limitOf(query)
      const before = query.after === undefined ? null : Number(query.after)
      const rows = await store.audit({ subject: query.subject ?? null, before, limit: limit + 1 })
      const { data, next } = cut(rows, limit, ({ position }) => String(position))
      return { data: data.map(({ position: _, at, ...entry }) => ({ ...entry, at: timeOf(at) })), next }
    },
  )
}

function timeOf(at: number): string {
  return new Date(at).toISOString()
}
