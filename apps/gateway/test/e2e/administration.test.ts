import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { call, KeyedGateway, type MadeKey } from '../support/keyed-gateway.ts'

let setup: KeyedGateway

beforeAll(async () => {
  setup = await KeyedGateway.start()
})

afterAll(async () => {
  await setup.expectNoKeyShown()
  await setup[Symbol.asyncDispose]()
})

const TENANTS = '/admin/v1/tenants'
const KEYS = '/admin/v1/keys'

interface List<Item> {
  readonly data: readonly Item[]
  readonly next: string | null
}

interface AuditEntry {
  readonly actor: string
  readonly action: string
  readonly subject: string
  readonly before: Record<string, unknown> | null
  readonly after: Record<string, unknown> | null
}

const audit = async (subject: string): Promise<readonly AuditEntry[]> =>
  (await setup.admin<List<AuditEntry>>(`GET /admin/v1/audit?subject=${subject}`)).body.data

describe('a tenant', () => {
  const whole = {
    name: 'Acme',
    time_zone: 'Europe/Berlin',
    limits: [
      { id: 'rpm', scope: 'tenant', counts: 'requests', per: '1m', amount: 600, burst: 50 },
      { scope: 'key', counts: 'concurrent', per: null, amount: 8 },
      { scope: 'model', model: 'large', counts: 'cost_usd', per: 'day', amount: 2.5, shadow: true },
    ],
    allowed_models: ['small', 'up/large'],
    quality: 'fast',
    failure_policy: { requests: 'closed', tokens: 'local', cost_usd: 'closed', concurrent: 'local' },
    reserve: 'bound',
    cut_at_hard_quota: true,
    block_zero_price: true,
  }

  it('is made, read, replaced, changed and deleted, each version with its ETag and its line in the log', async () => {
    const made = await setup.admin(`POST ${TENANTS}`, { body: { id: 'acme', ...whole } })
    expect(made).toMatchObject({ status: 201, body: { id: 'acme', ...whole, version: 1 } })
    expect(made.headers.get('location')).toBe(`${TENANTS}/acme`)
    expect(made.headers.get('etag')).toBe('"1"')
    const read = await setup.admin(`GET ${TENANTS}/acme`)
    expect(read.body).toEqual(made.body)

    const ifMatch = (version: number) => ({ headers: { 'if-match': `"${version}"` } })
    const body = { quality: null, allowed_models: null }
    const changed = await setup.admin(`PATCH ${TENANTS}/acme`, { body, ...ifMatch(1) })
    expect(changed).toMatchObject({ status: 200, body: { ...whole, ...body, version: 2 } })
    expect(changed.headers.get('etag')).toBe('"2"')

    const replaced = await setup.admin(`PUT ${TENANTS}/acme`, { body: { name: 'Plain' }, ...ifMatch(2) })
    expect(replaced.body).toMatchObject({ name: 'Plain', time_zone: 'UTC', limits: [], reserve: 'expected' })

    expect((await setup.admin(`DELETE ${TENANTS}/acme`, ifMatch(3))).status).toBe(204)
    expect((await setup.admin(`GET ${TENANTS}/acme`)).status).toBe(404)
    expect((await setup.admin(`PATCH ${TENANTS}/acme`, { body, ...ifMatch(4) })).status).toBe(404)
    expect(await setup.admin(`POST ${TENANTS}`, { body: { id: 'acme', name: 'Again' } })).toMatchObject({
      status: 409,
      body: { code: 'already_exists', problems: [{ field: 'id' }] },
    })

    const log = await audit('tenants/acme')
    expect(log.map(({ action }) => action)).toEqual([
      'tenant.deleted',
      'tenant.changed',
      'tenant.changed',
      'tenant.created',
    ])
    expect(new Set(log.map(({ actor }) => actor))).toEqual(new Set(['config']))
    expect(log[2]).toMatchObject({ before: { preference: 'fast' }, after: { preference: null } })
    expect(log[3]).toMatchObject({ before: null, after: { name: 'Acme', timeZone: 'Europe/Berlin' } })
  })

  it('gets an id for each limit that has none: its place in the list does not matter', async () => {
    const rpm = { scope: 'tenant', counts: 'requests', per: '1m', amount: 10 }
    const daily = { scope: 'key', counts: 'cost_usd', per: 'day', amount: 1 }
    const body = { id: 'nameless', name: 'Nameless', limits: [rpm, daily] }
    const made = await setup.admin('POST /admin/v1/tenants', { body })
    expect(made.body.limits).toMatchObject([{ id: 'tenant-requests-1m' }, { id: 'key-cost_usd-day' }])
    const twice = { ...body, id: 'twice', limits: [rpm, { ...rpm, amount: 5 }] }
    const refused = await setup.admin('POST /admin/v1/tenants', { body: twice })
    expect(refused.status).toBe(400)
    expect(refused.body.problems).toMatchObject([{ field: 'limits[1].id' }])
  })

  it('is changed by one of two that read the same version', async () => {
    await setup.admin(`POST ${TENANTS}`, { body: { id: 'contested', name: 'Before' } })
    const headers = { 'if-match': '"1"' }
    const rivals = await Promise.all(
      ['A', 'B', 'C', 'D'].map(name =>
        setup.admin(`PATCH ${TENANTS}/contested`, { body: { name }, headers }),
      ),
    )
    expect(rivals.map(({ status }) => status).sort((a, b) => a - b)).toEqual([200, 412, 412, 412])
    expect(rivals.find(({ status }) => status === 412)?.body.code).toBe('precondition_failed')
    const without = await setup.admin(`PATCH ${TENANTS}/contested`, { body: { name: 'E' } })
    expect(without).toMatchObject({ status: 428, body: { code: 'precondition_required' } })
    expect((await setup.admin(`DELETE ${TENANTS}/contested`)).status).toBe(428)
    const weak = { 'if-match': 'W/"2"' }
    expect((await setup.admin(`DELETE ${TENANTS}/contested`, { headers: weak })).status).toBe(412)
    expect(await audit('tenants/contested')).toHaveLength(2)
  })

  it.each([
    ['an unknown field', { surprise: 1 }, 'surprise'],
    ['an id in capitals', { id: 'ACME' }, 'id'],
    ['a time zone that is none', { time_zone: 'Mars/Olympus' }, 'time_zone'],
    [
      'a limit of no length',
      { limits: [{ scope: 'tenant', counts: 'requests', per: '0s', amount: 1 }] },
      'limits[0].per',
    ],
    [
      'a window for what is under way',
      { limits: [{ scope: 'tenant', counts: 'concurrent', per: '1m', amount: 1 }] },
      'limits[0].per',
    ],
    [
      'half a request',
      { limits: [{ scope: 'tenant', counts: 'requests', per: '1m', amount: 0.5 }] },
      'limits[0].amount',
    ],
    [
      'a model out of scope',
      { limits: [{ scope: 'key', model: 'm', counts: 'requests', per: '1m', amount: 1 }] },
      'limits[0].model',
    ],
    [
      'two limits of one id',
      { limits: [1, 2].map(amount => ({ id: 'x', scope: 'key', counts: 'requests', per: '1m', amount })) },
      'limits[1].id',
    ],
    [
      'a negative amount',
      { limits: [{ scope: 'tenant', counts: 'requests', per: '1m', amount: -1 }] },
      'limits[0].amount',
    ],
    ['half a failure policy', { failure_policy: { requests: 'local' } }, 'failure_policy.tokens'],
  ])('is refused with %s: the field, what was found, what is allowed', async (_name, differs, field) => {
    const body = { id: 'wrong', name: 'Wrong', ...differs }
    const refused = await setup.admin<{ problems: { field: string; found: string; allowed: string }[] }>(
      `POST ${TENANTS}`,
      { body },
    )
    expect(refused.status).toBe(400)
    const problem = refused.body.problems.find(each => each.field === field)
    expect(problem, refused.text).toBeDefined()
    expect(problem?.found).not.toBe('')
    expect(problem?.allowed).not.toBe('')
    expect((await setup.admin(`GET ${TENANTS}/wrong`)).status).toBe(404)
  })

  it('is listed with the others, page by page', async () => {
    for (const id of ['page-a', 'page-b', 'page-c']) {
      await setup.admin(`POST ${TENANTS}`, { body: { id, name: id } })
    }
    const seen: string[] = []
    let after = ''
    do {
      const { body } = await setup.admin<List<{ id: string }>>(`GET ${TENANTS}?limit=2${after}`)
      expect(body.data.length).toBeLessThanOrEqual(2)
      seen.push(...body.data.map(({ id }) => id))
      after = body.next === null ? '' : `&after=${body.next}`
    } while (after !== '')
    expect(seen).toEqual([...new Set(seen)].sort((a, b) => (a < b ? -1 : 1)))
    expect(seen).toEqual(expect.arrayContaining(['page-a', 'page-b', 'page-c']))
    expect((await setup.admin(`GET ${TENANTS}?limit=0`)).status).toBe(400)
  })
})

describe('a key', () => {
  it('is shown once, and listed without its text or hash', async () => {
    const { id, key } = await setup.tenant('shown')
    const { body } = await setup.admin<List<Record<string, unknown>>>(`GET ${KEYS}?tenant=shown`)
    expect(body.data).toHaveLength(1)
    expect(body.data[0]).toMatchObject({ id, tenant: 'shown', scope: 'data', hint: key.slice(-4) })
    expect(body.data[0]).not.toHaveProperty('key')
    expect(body.data[0]).not.toHaveProperty('hash')
    expect(await audit(`keys/${id}`)).toMatchObject([{ action: 'key.created', after: { name: 'a key' } }])
  })

  it('of a data scope needs a tenant that there is, one of an admin scope none, both a time to come', async () => {
    const refused = (body: object) => setup.admin(`POST ${KEYS}`, { body: { name: 'k', ...body } })
    const field = (name: string) => ({ status: 400, body: { problems: [{ field: name }] } })
    expect(await refused({ scope: 'data' })).toMatchObject(field('tenant'))
    expect(await refused({ scope: 'admin', tenant: 'shown' })).toMatchObject(field('tenant'))
    expect((await refused({ scope: 'data', tenant: 'nobody' })).status).toBe(404)
    const past = { scope: 'admin', expires_at: '2020-01-01T00:00:00Z' }
    expect(await refused(past)).toMatchObject(field('expires_at'))
    expect((await refused({ scope: 'admin', expires_at: 'tomorrow' })).status).toBe(400)
  })

  it('that is rotated works on for the overlap, beside the one that takes its place', async () => {
    const old = await setup.tenant('rotating')
    const rotate = async (id: string, overlap: string) => {
      const made = await setup.admin<MadeKey & { rotated_from: string }>(`POST ${KEYS}/${id}/rotate`, {
        body: { overlap },
      })
      expect(made.status, made.text).toBe(201)
      setup.shown.push(made.body.key)
      return made.body
    }
    const second = await rotate(old.id, '1h')
    expect(second.rotated_from).toBe(old.id)
    expect((await setup.ask(old.key)).status).toBe(200)
    expect((await setup.ask(second.key)).status).toBe(200)
    const third = await rotate(second.id, '0s')
    expect((await setup.ask(second.key)).status).toBe(401)
    expect((await setup.ask(third.key)).status).toBe(200)
    const again = await setup.admin(`POST ${KEYS}/${second.id}/rotate`, { body: { overlap: '1h' } })
    expect(again.status).toBe(400)
    expect((await audit(`keys/${old.id}`)).map(({ action }) => action)).toEqual([
      'key.rotated',
      'key.created',
    ])
  })

  it('that is revoked opens nothing from then on, however often it is revoked', async () => {
    const { id, key } = await setup.tenant('revoking')
    expect((await setup.ask(key)).status).toBe(200)
    const first = await setup.admin(`POST ${KEYS}/${id}/revoke`)
    expect((await setup.ask(key)).status).toBe(401)
    expect((await setup.admin(`POST ${KEYS}/${id}/revoke`)).body).toEqual(first.body)
    expect(await audit(`keys/${id}`)).toHaveLength(2)
    expect((await setup.admin(`POST ${KEYS}/nobody/revoke`)).status).toBe(404)
  })

  it('says when it was used last, also after a stop', async () => {
    const dataDir = mkdtempSync(join(tmpdir(), 'atp-last-use-'))
    try {
      const first = await KeyedGateway.start({ dataDir })
      const used = await first.tenant('acme')
      const unused = await first.key({ tenant: 'acme', scope: 'data' })
      const before = Date.now()
      expect((await first.ask(used.key)).status).toBe(200)
      expect(await first.gateway.end()).toBe(0)
      await first[Symbol.asyncDispose]()
      await using second = await KeyedGateway.start({ dataDir })
      const lastUse = async ({ id }: MadeKey) =>
        (await second.admin<{ last_used_at: string | null }>(`GET ${KEYS}/${id}`)).body.last_used_at
      expect(Date.parse((await lastUse(used)) ?? '')).toBeGreaterThanOrEqual(before)
      expect(await lastUse(unused)).toBeNull()
    } finally {
      rmSync(dataDir, { recursive: true, force: true })
    }
  })

  it('of an administrator administers, and is named in the log', async () => {
    const { id, key } = await setup.key({ scope: 'admin' })
    const body = { id: 'by-another', name: 'By another' }
    expect((await call(setup, `POST ${TENANTS}`, { key, body })).status).toBe(201)
    expect(await audit('tenants/by-another')).toMatchObject([{ actor: id }])
  })
})

describe('usage', () => {
  it('is summed by day, tenant, key and model', async () => {
    const first = await setup.tenant('used', { allowed_models: ['small'] })
    const second = await setup.key({ tenant: 'used', scope: 'data' })
    for (const key of [first.key, first.key, second.key]) expect((await setup.ask(key)).status).toBe(200)
    const day = new Date().toISOString().slice(0, 10)
    const { body } = await setup.admin<{ data: readonly Record<string, unknown>[] }>(
      `GET /admin/v1/usage?tenant=used&from=${day}`,
    )
    const one = {
      day,
      tenant: 'used',
      model: 'up/small',
      input_tokens: 10,
      output_tokens: 5,
      cost_usd: 0.00002,
    }
    const twice = { input_tokens: 20, output_tokens: 10, cost_usd: 0.00004 }
    expect(body.data).toHaveLength(2)
    expect(body.data).toContainEqual({ ...one, ...twice, key: first.id, calls: 2 })
    expect(body.data).toContainEqual({ ...one, key: second.id, calls: 1 })
    const yesterday = new Date(Date.now() - 86_400_000).toISOString().slice(0, 10)
    const both = await setup.admin(`GET /admin/v1/usage?tenant=used&from=${yesterday}&to=${day}`)
    expect(both.body.data).toEqual(body.data)
    const backwards = await setup.admin('GET /admin/v1/usage?from=2026-02-02&to=2026-02-01')
    expect(backwards).toMatchObject({ status: 400, body: { problems: [{ field: 'to' }] } })
  })
})

describe('the log of changes', () => {
  it('comes in pages, the youngest first', async () => {
    const first = await setup.admin<List<{ id: string }>>('GET /admin/v1/audit?limit=3')
    expect(first.body.data).toHaveLength(3)
    const second = await setup.admin<List<{ id: string }>>(
      `GET /admin/v1/audit?limit=3&after=${first.body.next}`,
    )
    const ids = [...first.body.data, ...second.body.data].map(({ id }) => id)
    expect(new Set(ids).size).toBe(6)
    expect(ids).toEqual([...ids].sort((a, b) => (a > b ? -1 : 1)))
  })
})
