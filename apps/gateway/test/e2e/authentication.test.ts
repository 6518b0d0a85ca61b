import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import OpenAI from 'openai'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { GatewayProcess } from '../support/gateway-process.ts'
import { call, freshKey, KeyedGateway, type MadeKey } from '../support/keyed-gateway.ts'

let setup: KeyedGateway
let acme: MadeKey
let other: MadeKey

beforeAll(async () => {
  setup = await KeyedGateway.start()
  acme = await setup.tenant('acme')
  other = await setup.tenant('other')
})

afterAll(async () => {
  await setup.expectNoKeyShown()
  await setup[Symbol.asyncDispose]()
})

const PUBLIC = ['/livez', '/readyz', '/startupz', '/healthz', '/metrics']

describe('a data key', () => {
  it('asks, in either header', async () => {
    expect((await setup.ask(acme.key)).status).toBe(200)
    const headers = { 'x-api-key': acme.key }
    expect((await call(setup, 'GET /v1/models', { key: null, headers })).status).toBe(200)
  })

  it('is what the openai client sends', async () => {
    const openai = new OpenAI({ baseURL: `${setup.url}/v1`, apiKey: acme.key, maxRetries: 0 })
    const messages = [{ role: 'user' as const, content: 'Hello?' }]
    const answer = await openai.chat.completions.create({ model: 'auto', messages })
    expect(answer.choices[0]?.message.content).toBe('Hello.')
    const stranger = new OpenAI({ baseURL: `${setup.url}/v1`, apiKey: freshKey(), maxRetries: 0 })
    await expect(stranger.chat.completions.create({ model: 'auto', messages })).rejects.toBeInstanceOf(
      OpenAI.AuthenticationError,
    )
  })
})

describe('every endpoint', () => {
  it('but the probes, the metrics and the documentation is closed to who has no key, or one of the other plane', async () => {
    const { body } = await call<{ paths: Record<string, Record<string, unknown>> }>(
      setup,
      'GET /openapi.json',
      { key: null },
    )
    const routes = Object.entries(body.paths).flatMap(([path, methods]) =>
      Object.keys(methods).map(method => ({ path: path.replace('{id}', 'x'), method: method.toUpperCase() })),
    )
    expect(routes.filter(({ path }) => path.startsWith('/admin/')).length).toBeGreaterThanOrEqual(12)
    for (const { path, method } of routes) {
      const status = async (key: string | null) => (await call(setup, `${method} ${path}`, { key })).status
      if (PUBLIC.includes(path)) {
        expect(await status(null), path).toBe(200)
        continue
      }
      expect(await status(null), `${method} ${path}`).toBe(401)
      const wrong = path.startsWith('/admin/') ? acme.key : setup.adminKey
      expect(await status(wrong), `${method} ${path}`).toBe(403)
    }
  })
})

describe('a key that opens nothing', () => {
  it('gets the same answer whatever is wrong with it, in the shape of the wire', async () => {
    // Of its own: failures are counted by address.
    await using setup = await KeyedGateway.start()
    await setup.tenant('acme')
    const revoked = await setup.key({ tenant: 'acme', scope: 'data' })
    await setup.admin(`POST /admin/v1/keys/${revoked.id}/revoke`)
    const soon = new Date(Date.now() + 1_000).toISOString()
    const expired = await setup.key({ tenant: 'acme', scope: 'data', expires_at: soon })
    await expect.poll(async () => (await setup.ask(expired.key)).status, { timeout: 10_000 }).toBe(401)
    const orphan = await setup.tenant('doomed')
    await setup.admin('DELETE /admin/v1/tenants/doomed', { headers: { 'if-match': '"1"' } })
    const bad = {
      unknown: freshKey(),
      revoked: revoked.key,
      expired: expired.key,
      'of a deleted tenant': orphan.key,
      malformed: 'atp_short',
      oversized: `atp_${'a'.repeat(10_000)}`,
      empty: ' ',
    }
    for (const [path, type] of [
      ['/v1/ask', 'application/problem+json'],
      ['/v1/chat/completions', 'application/json'],
    ] as const) {
      const answers = await Promise.all(
        [null, ...Object.values(bad)].map(key => call(setup, `POST ${path}`, { key, body: {} })),
      )
      for (const { status, headers, text } of answers) {
        expect(status).toBe(401)
        expect(text).toBe(answers[0]?.text)
        expect(headers.get('content-type')).toContain(type)
        expect(headers.get('www-authenticate')).toBe('Bearer')
      }
      const code = path === '/v1/ask' ? answers[0]?.body : answers[0]?.body.error
      expect(code).toMatchObject({ code: 'invalid_api_key' })
    }
    await setup.expectNoKeyShown()
  })
})

describe('an address that keeps coming without a good key', () => {
  it('is told to wait, and a good key from there is served all the same', async () => {
    await using flooded = await KeyedGateway.start()
    const good = await flooded.tenant('acme')
    const statuses: number[] = []
    for (let tries = 0; tries < 40; tries++) statuses.push((await flooded.ask(freshKey())).status)
    expect(new Set(statuses)).toEqual(new Set([401, 429]))
    const refused = await flooded.ask(freshKey())
    expect(refused).toMatchObject({ status: 429, body: { code: 'too_many_failures' } })
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0)
    expect((await flooded.ask(good.key)).status).toBe(200)
    const { text } = await call(flooded, 'GET /metrics', { key: null })
    expect(text).toMatch(/atp_authentication_failures_total\{limited="true"\} [1-9]/)
  })
})

describe("another tenant's decisions", () => {
  it('are as unknown as those that never were, to feedback alone and in a batch', async () => {
    const { body } = await setup.ask(acme.key)
    const mine = body.decision_id as string
    const observe = (key: string, decision: string) =>
      call(setup, 'POST /v1/observe', { key, body: { decision_id: decision, quality: 1 } })
    const never = mine.replace(/.$/, last => (last === '0' ? '1' : '0'))
    const foreign = await observe(other.key, mine)
    const unknown = await observe(other.key, never)
    expect(foreign.status).toBe(404)
    expect(foreign.text.replaceAll(mine, 'ID')).toBe(unknown.text.replaceAll(never, 'ID'))
    const batch = await call<{ results: readonly { status: string }[] }>(setup, 'POST /v1/observe', {
      key: other.key,
      body: { observations: [mine, never].map(decision_id => ({ decision_id, quality: 1 })) },
    })
    expect(batch.body.results.map(({ status }) => status)).toEqual(['refused', 'refused'])
    expect(await observe(acme.key, mine)).toMatchObject({ status: 202, body: { status: 'accepted' } })
  })
})

describe("a tenant's models", () => {
  it('are all that it sees, is routed to, may name and may speak of', async () => {
    const { key } = await setup.tenant('narrow', { allowed_models: ['small'] })
    const models = await call<{ data: { id: string }[] }>(setup, 'GET /v1/models', { key })
    expect(models.body.data.map(({ id }) => id)).toEqual(['auto', 'up/small'])
    expect((await call(setup, 'GET /v1/models/up/small', { key })).status).toBe(200)
    for (let asked = 0; asked < 10; asked++) {
      expect((await setup.ask(key)).body).toMatchObject({ model: 'up/small' })
    }
    const plan = await call<{ candidates: { arm: string; excluded: unknown }[] }>(setup, 'POST /v1/plan', {
      key,
      body: { prompt: 'Hello?' },
    })
    expect(plan.body.candidates.find(({ arm }) => arm === 'up/large')?.excluded).toMatchObject([
      { reason: 'not_permitted' },
    ])
    const never = (text: string) => text.replaceAll('large', 'never')
    const like = async (request: string, body: (model: string) => unknown) => {
      const [foreign, unknown] = await Promise.all(
        ['large', 'never'].map(model =>
          call(setup, request.replace('MODEL', model), { key, body: body(model) }),
        ),
      )
      expect(foreign?.status).toBe(404)
      expect(never(foreign?.text ?? '')).toBe(unknown?.text)
    }
    const messages = [{ role: 'user', content: 'Hello?' }]
    await like('GET /v1/models/up/MODEL', () => undefined)
    await like('POST /v1/ask', model => ({ prompt: 'Hello?', model }))
    await like('POST /v1/plan', model => ({ prompt: 'Hello?', model }))
    await like('POST /v1/chat/completions', model => ({ model, messages }))
    await like('POST /v1/observe', model => ({ arm: `up/${model}`, outcome: 'success' }))
  })

  it('that are none leave no candidate, by name', async () => {
    const { key } = await setup.tenant('nothing', { allowed_models: [] })
    const refused = await setup.ask(key)
    expect(refused).toMatchObject({ status: 422, body: { code: 'no_candidate' } })
    expect(refused.text).toContain('not_permitted')
  })

  it('are weighed by its own preference, where a request says nothing', async () => {
    const weights = { quality: 0.25, cost: 0.5, latency: 0.125 }
    const { key } = await setup.tenant('thrifty', { quality: weights })
    const planned = (body: object) =>
      call(setup, 'POST /v1/plan', { key, body: { prompt: 'Hello?', ...body } })
    expect((await planned({})).body.weights).toEqual(weights)
    expect((await planned({ quality: 'high' })).body.weights).not.toEqual(weights)
  })
})

describe('serve --dev', () => {
  it('makes a tenant and keys for their owner only, once, and shows none of them', async () => {
    const dataDir = mkdtempSync(join(tmpdir(), 'atp-dev-'))
    const file = (name: string) => join(dataDir, name)
    const read = (name: string) => readFileSync(file(name), 'utf8').trim()
    try {
      const first = await GatewayProcess.start({ auth: 'dev', dataDir })
      const [dev, admin] = [read('dev-key'), read('admin-key')]
      expect(statSync(file('dev-key')).mode & 0o777).toBe(0o600)
      expect(statSync(file('admin-key')).mode & 0o777).toBe(0o600)
      expect(first.output).toContain(`dev key in ${file('dev-key')}\n`)
      expect((await call(first, 'GET /v1/models', { key: dev })).status).toBe(200)
      const list = await call<{ data: { id: string }[] }>(first, 'GET /admin/v1/tenants', { key: admin })
      expect(list.body.data.map(({ id }) => id)).toEqual(['dev'])
      await first.end()
      rmSync(file('admin-key'))

      await using second = await GatewayProcess.start({ auth: 'dev', dataDir })
      expect(read('dev-key')).toBe(dev)
      expect(second.output).not.toContain('admin key in')
      expect((await call(second, 'GET /v1/models', { key: dev })).status).toBe(200)
      expect((await call(second, 'GET /admin/v1/keys', { key: admin })).status).toBe(200)
      for (const text of [first.output, second.output]) {
        expect(text).not.toContain(dev)
        expect(text).not.toContain(admin)
      }
    } finally {
      rmSync(dataDir, { recursive: true, force: true })
    }
  })
})

describe('metrics that are not public', () => {
  it('need an admin key', async () => {
    await using closed = await KeyedGateway.start({ env: { ATP_AUTH_PUBLIC_METRICS: 'false' } })
    expect((await call(closed, 'GET /metrics', { key: null })).status).toBe(401)
    expect((await closed.admin('GET /metrics')).status).toBe(200)
  })
})

describe('a gateway without authentication', () => {
  it('has no administrators', async () => {
    await using open = await GatewayProcess.start()
    for (const key of [null, freshKey()]) {
      expect((await call(open, 'GET /admin/v1/tenants', { key })).status).toBe(403)
    }
  })
})
