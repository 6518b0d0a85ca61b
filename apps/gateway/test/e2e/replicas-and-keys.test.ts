/** Several gateways on one Postgres: what one administers, all follow; while it is away, they go on. */
import { postgresForTests, startPostgres } from '@atp/test-services'
import { afterAll, describe, expect, it } from 'vitest'
import { freshKey, KeyedGateway } from '../support/keyed-gateway.ts'
import { get } from '../support/post.ts'

const postgres = await postgresForTests()

afterAll(async () => {
  if (postgres.missing === null) await postgres.stop()
})

/** Ten times the second that is promised. */
const FOLLOWED = { timeout: 10_000, interval: 50 }

describe.skipIf(postgres.missing !== null)(
  `two gateways on one Postgres${postgres.missing === null ? '' : ` (skipped: ${postgres.missing})`}`,
  () => {
    it('take a key that the other one made, and refuse it once the other one has revoked it', async () => {
      if (postgres.missing !== null) return
      const env = { DATABASE_URL: await postgres.createDatabase() }
      const adminKey = freshKey()
      await using first = await KeyedGateway.start({ env, adminKey })
      await using second = await KeyedGateway.start({ env, adminKey })
      const { id, key } = await first.tenant('acme')
      const status = async () => (await second.ask(key)).status
      await expect.poll(status, FOLLOWED).toBe(200)
      expect((await first.admin(`POST /admin/v1/keys/${id}/revoke`)).status).toBe(200)
      expect((await first.ask(key)).status).toBe(401)
      await expect.poll(status, FOLLOWED).toBe(401)

      await second.key({ tenant: 'acme', scope: 'data' })
      const body = { allowed_models: ['small'] }
      const headers = { 'if-match': '"1"' }
      expect((await second.admin('PATCH /admin/v1/tenants/acme', { body, headers })).status).toBe(200)
      expect((await first.admin('PATCH /admin/v1/tenants/acme', { body, headers })).status).toBe(412)
      for (const gateway of [first, second]) await gateway.expectNoKeyShown()
    })

    it('serve from memory while it is away, say so, change nothing, and follow again when it is back', async () => {
      const server = await startPostgres()
      try {
        const env = { DATABASE_URL: await server.createDatabase() }
        await using setup = await KeyedGateway.start({ env })
        const { id, key } = await setup.tenant('acme')
        interface Report {
          readonly checks: { readonly tenants: { readonly status: string } }
        }
        const tenants = async () => (await get<Report>(setup, '/readyz')).body.checks.tenants.status
        expect(await tenants()).toBe('ok')
        await server.halt()
        await expect.poll(tenants, { timeout: 60_000 }).toBe('degraded')
        expect((await setup.ask(key)).status).toBe(200)
        expect((await setup.ask(freshKey())).status).toBe(401)
        expect(await setup.admin(`POST /admin/v1/keys/${id}/revoke`)).toMatchObject({ status: 503 })
        await server.resume()
        await expect.poll(tenants, { timeout: 60_000 }).toBe('ok')
        expect((await setup.admin(`POST /admin/v1/keys/${id}/revoke`)).status).toBe(200)
        expect((await setup.ask(key)).status).toBe(401)
      } finally {
        await server.stop()
      }
    })

    it('let nobody in before they have heard of any key, but go on trying', async () => {
      const server = await startPostgres()
      try {
        const env = { DATABASE_URL: await server.createDatabase() }
        await server.halt()
        await using setup = await KeyedGateway.start({ env })
        expect(await setup.ask(freshKey())).toMatchObject({ status: 503, body: { code: 'overloaded' } })
        expect((await get(setup, '/readyz')).status).toBe(503)
        await server.resume()
        const status = async () => (await setup.ask(freshKey())).status
        await expect.poll(status, { timeout: 60_000 }).toBe(401)
      } finally {
        await server.stop()
      }
    })
  },
)
