/** `/admin/v1/tenants`: made, read, changed and deleted; whoever changes one says which version was read (`If-Match`). */
import type { TenantId } from '@atp/core/ids'
import type { StoredTenant, TenantAdministration, TenantStore } from '@atp/domain/tenant'
import type { FastifyReply } from 'fastify'
import { Type } from 'typebox'
import type { App } from '../../app.ts'
import { etagOf, versionWanted } from '../../etag.ts'
import { administratorOf } from '../../plugins/planes.ts'
import { cut, limitOf, pageFields, pageOf } from '../../schemas/admin/page.ts'
import {
  NewTenant,
  settingsOf,
  TenantAnswer,
  TenantBody,
  TenantPatch,
  tenantAnswer,
  wholeSettings,
} from '../../schemas/admin/tenant.ts'
import { Problem } from '../../schemas/common.ts'

const PATH = '/admin/v1/tenants'
const config = { plane: 'admin' } as const
const tags = ['admin']
const params = Type.Object({ id: Type.String() })
const failures = { '4xx': Problem, '5xx': Problem }

export interface AdminTenantsOptions {
  readonly tenants: TenantAdministration
  readonly store: TenantStore
}

export async function adminTenants(app: App, { tenants, store }: AdminTenantsOptions): Promise<void> {
  app.get(
    PATH,
    {
      config,
      schema: {
        summary: 'List the tenants',
        tags,
        querystring: Type.Object(pageFields, { additionalProperties: false }),
        response: { 200: pageOf(TenantAnswer), ...failures },
      },
    },
    async ({ query }) => {
      const limit = limitOf(query)
      const rows = await store.tenants({ after: query.after ?? null, limit: limit + 1 })
      const { data, next } = cut(rows, limit, ({ id }) => id)
      return { data: data.map(tenantAnswer), next }
    },
  )

  app.post(
    PATH,
    {
      config,
      schema: {
        summary: 'Make a tenant',
        tags,
        body: NewTenant,
        response: { 201: TenantAnswer, ...failures },
      },
    },
    async (request, reply) => {
      const { id, ...said } = request.body
      const tenant = { ...wholeSettings(said), id: id as TenantId }
      const made = await tenants.create(administratorOf(request), tenant)
      reply.code(201).header('location', `${PATH}/${made.id}`)
      return answer(reply, made)
    },
  )

  app.get(
    `${PATH}/:id`,
    { config, schema: { summary: 'One tenant', tags, params, response: { 200: TenantAnswer, ...failures } } },
    async (request, reply) => answer(reply, await tenants.get(request.params.id)),
  )

  app.put(
    `${PATH}/:id`,
    {
      config,
      schema: {
        summary: 'Replace a tenant: what is not said is as by default',
        tags,
        params,
        body: TenantBody,
        response: { 200: TenantAnswer, ...failures },
      },
    },
    async (request, reply) => {
      const { params, body, headers } = request
      const version = versionWanted(headers)
      const by = administratorOf(request)
      return answer(reply, await tenants.change(by, params.id, version, () => wholeSettings(body)))
    },
  )

  app.patch(
    `${PATH}/:id`,
    {
      config,
      schema: {
        summary: 'Change a tenant: what is not said stays',
        tags,
        params,
        body: TenantPatch,
        response: { 200: TenantAnswer, ...failures },
      },
    },
    async (request, reply) => {
      const { params, body, headers } = request
      const version = versionWanted(headers)
      const by = administratorOf(request)
      return answer(reply, await tenants.change(by, params.id, version, before => settingsOf(body, before)))
    },
  )

  app.delete(
    `${PATH}/:id`,
    {
      config,
      schema: {
        summary: 'Delete a tenant: its keys open nothing from then on, its id is never given again',
        tags,
        params,
        response: { 204: Type.Null(), ...failures },
      },
    },
    async (request, reply) => {
      const version = versionWanted(request.headers)
      await tenants.delete(administratorOf(request), request.params.id, version)
      return reply.code(204).send(null)
    },
  )
}

function answer(reply: FastifyReply, tenant: StoredTenant) {
  reply.header('etag', etagOf(tenant.version))
  return tenantAnswer(tenant)
}
