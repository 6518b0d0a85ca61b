/** `/admin/v1/keys`: made, listed, rotated and revoked. A revocation needs no `If-Match`: it must work at once, whatever else goes on. */
import { parseDuration } from '@atp/core/config'
import type { TenantId } from '@atp/core/ids'
import type { KeyAdministration, MadeKey, TenantStore } from '@atp/domain/tenant'
import { Type } from 'typebox'
import type { App } from '../../app.ts'
import { administratorOf } from '../../plugins/planes.ts'
import { KeyAnswer, keyAnswer, MadeKeyAnswer, NewKeyBody, RotateBody } from '../../schemas/admin/key.ts'
import { cut, limitOf, pageFields, pageOf } from '../../schemas/admin/page.ts'
import { momentOf } from '../../schemas/admin/time.ts'
import { Problem } from '../../schemas/common.ts'

const PATH = '/admin/v1/keys'
const config = { plane: 'admin' } as const
const tags = ['admin']
const params = Type.Object({ id: Type.String() })
const failures = { '4xx': Problem, '5xx': Problem }

export interface AdminKeysOptions {
  readonly keys: KeyAdministration
  readonly store: TenantStore
}

export async function adminKeys(app: App, { keys, store }: AdminKeysOptions): Promise<void> {
  app.get(
    PATH,
    {
      config,
      schema: {
        summary: 'List the keys, revoked ones too',
        tags,
        querystring: Type.Object(
          { ...pageFields, tenant: Type.Optional(Type.String({ maxLength: 64 })) },
          { additionalProperties: false },
        ),
        response: { 200: pageOf(KeyAnswer), ...failures },
      },
    },
    async ({ query }) => {
      const limit = limitOf(query)
      const { tenant = null, after = null } = query
      const { data, next } = cut(await store.keys({ tenant, after, limit: limit + 1 }), limit, ({ id }) => id)
      return { data: data.map(keyAnswer), next }
    },
  )

  app.post(
    PATH,
    {
      config,
      schema: {
        summary: 'Make a key: the answer shows it, once',
        tags,
        body: NewKeyBody,
        response: { 201: MadeKeyAnswer, ...failures },
      },
    },
    async (request, reply) => {
      const { tenant, name, scope, expires_at } = request.body
      const made = await keys.create(administratorOf(request), {
        tenant: (tenant ?? null) as TenantId | null,
        name,
        scope,
        expiresAt: momentOf(expires_at),
      })
      return reply.code(201).header('location', `${PATH}/${made.key.id}`).send(madeAnswer(made))
    },
  )

  app.get(
    `${PATH}/:id`,
    { config, schema: { summary: 'One key', tags, params, response: { 200: KeyAnswer, ...failures } } },
    async request => keyAnswer(await keys.get(request.params.id)),
  )

  app.post(
    `${PATH}/:id/revoke`,
    {
      config,
      schema: {
        summary: 'Revoke a key, on every replica within a second; for good',
        tags,
        params,
        response: { 200: KeyAnswer, ...failures },
      },
    },
    async request => keyAnswer(await keys.revoke(administratorOf(request), request.params.id)),
  )

  app.post(
    `${PATH}/:id/rotate`,
    {
      config,
      schema: {
        summary: 'Make a key that takes the place of this one, which goes on working for the overlap',
        tags,
        params,
        body: RotateBody,
        response: { 201: MadeKeyAnswer, ...failures },
      },
    },
    async (request, reply) => {
      const { overlap, expires_at } = request.body
      const by = administratorOf(request)
      const made = await keys.rotate(by, request.params.id, parseDuration(overlap), momentOf(expires_at))
      return reply.code(201).header('location', `${PATH}/${made.key.id}`).send(madeAnswer(made))
    },
  )
}

function madeAnswer({ key, text }: MadeKey) {
  return { ...keyAnswer(key), key: text }
}
