/** Dated prices through the public door: set, listed, withdrawn; and what requests cost that cross a change. */
import { postgresForTests } from '@atp/test-services'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { call, freshKey, KeyedGateway } from '../support/keyed-gateway.ts'
import { completionOf, type Script } from '../support/scripted-upstream.ts'

const PRICES = '/admin/v1/prices'
const HOUR_MS = 3_600_000

interface Price {
  readonly id: string | null
  readonly model: string
  readonly valid_from: string | null
  readonly valid_until: string | null
  readonly input_usd_per_mtok: number
  readonly output_usd_per_mtok: number
}

/** Ten tokens in, five out: at $1 and $2 that is 20 micro-dollars. Streams wait for `finish` before their usage. */
let finish: () => void = () => undefined
const script: Script = async ({ body }, response) => {
  const usage = { prompt_tokens: 10, completion_tokens: 5 }
  if (body.stream !== true) {
    response.setHeader('content-type', 'application/json')
    response.end(JSON.stringify(completionOf('Hello.', usage)))
    return
  }
  response.setHeader('content-type', 'text/event-stream')
  const chunk = (choices: unknown[], rest = {}) =>
    response.write(
      `data: ${JSON.stringify({ id: 'c', object: 'chat.completion.chunk', choices, ...rest })}\n\n`,
    )
  chunk([{ index: 0, delta: { content: 'Hello.' }, finish_reason: null }])
  await new Promise<void>(resolve => {
    finish = resolve
  })
  chunk([{ index: 0, delta: {}, finish_reason: 'stop' }])
  chunk([], { usage: { ...usage, total_tokens: 15 } })
  response.end('data: [DONE]\n\n')
}

let setup: KeyedGateway

beforeAll(async () => {
  setup = await KeyedGateway.start({ script })
})

afterAll(async () => {
  await setup.expectNoKeyShown()
  await setup[Symbol.asyncDispose]()
})

const set = (body: object, at = setup) => at.admin<Price>(`POST ${PRICES}`, { body })
const listed = async (query = '', at = setup) =>
  (await at.admin<{ data: readonly Price[] }>(`GET ${PRICES}${query}`)).body.data
const spent = async (tenant: string) => {
  const { body } = await setup.admin<{ data: readonly { cost_usd: number }[] }>(
    `GET /admin/v1/usage?tenant=${tenant}`,
  )
  return body.data.reduce((sum, row) => sum + row.cost_usd, 0)
}

describe('a price', () => {
  it('that is set at once bills what comes, and leaves what was billed', async () => {
    const { key } = await setup.tenant('at-once')
    expect((await setup.ask(key, { model: 'small' })).body.cost_usd).toBe(0.00002)
    const made = await set({ model: 'small', input_usd_per_mtok: 3, output_usd_per_mtok: 4 })
    expect(made).toMatchObject({ status: 201, body: { model: 'up/small', valid_until: null } })
    expect((await setup.ask(key, { model: 'small' })).body.cost_usd).toBe(0.00005)
    expect(await spent('at-once')).toBeCloseTo(0.00007, 9)
    const models = await call<{ atp: object }>(setup, 'GET /v1/models/up/small', { key })
    expect(models.body.atp).toMatchObject({ input_usd_per_mtok: 3, output_usd_per_mtok: 4 })
    expect(await listed('?model=small')).toMatchObject([
      { id: null, valid_from: null, valid_until: made.body.valid_from, input_usd_per_mtok: 1 },
      { id: made.body.id, valid_until: null, output_usd_per_mtok: 4 },
    ])
    const log = await setup.admin('GET /admin/v1/audit?subject=prices/up/small')
    expect(log.body.data).toMatchObject([
      {
        actor: 'config',
        action: 'price.set',
        before: { id: null, price: { inputUsdPerMtok: 1 } },
        after: { id: made.body.id, price: { inputUsdPerMtok: 3 } },
      },
    ])
  })

  it('that changes while an answer streams is not that answer’s: it is billed as it was admitted', async () => {
    const limits = [{ id: 'usd', scope: 'tenant', counts: 'cost_usd', per: 'day', amount: 1 }]
    const { key } = await setup.tenant('crossing', { limits })
    const messages = [{ role: 'user', content: 'Hello?' }]
    const response = await fetch(`${setup.url}/v1/chat/completions`, {
      method: 'POST',
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
      body: JSON.stringify({ model: 'large', stream: true, messages }),
    })
    const reader = response.body?.getReader()
    await reader?.read()
    await set({ model: 'large', input_usd_per_mtok: 100, output_usd_per_mtok: 200 })
    finish()
    while (!(await reader?.read())?.done);
    expect(await spent('crossing')).toBe(0.00002)
    const next = await setup.ask(key, { model: 'large' })
    expect(next.body.cost_usd).toBe(0.002)
    // The tenant's quota holds what both were settled at.
    const after = await setup.ask(key, { model: 'large' })
    expect(after.status).toBe(200)
    expect(await spent('crossing')).toBeCloseTo(0.00402, 9)
  })

  it('to come holds from its moment on, by itself, and can be withdrawn before', async () => {
    const soon = new Date(Date.now() + 1_000).toISOString()
    const late = new Date(Date.now() + HOUR_MS).toISOString()
    const first = await set({
      model: 'small',
      valid_from: soon,
      input_usd_per_mtok: 7,
      output_usd_per_mtok: 7,
    })
    const second = await set({
      model: 'small',
      valid_from: late,
      input_usd_per_mtok: 8,
      output_usd_per_mtok: 8,
    })
    expect(first.body).toMatchObject({ valid_from: soon })
    expect(await listed(`?model=small&at=${late}`)).toMatchObject([{ id: second.body.id }])
    expect((await setup.admin(`DELETE ${PRICES}/${second.body.id}`)).status).toBe(204)
    expect(await listed(`?model=small&at=${late}`)).toMatchObject([{ id: first.body.id }])
    expect((await setup.admin(`DELETE ${PRICES}/${second.body.id}`)).status).toBe(404)
    const { key } = await setup.tenant('to-come')
    const cost = async () => (await setup.ask(key, { model: 'small' })).body.cost_usd
    await expect.poll(cost, { timeout: 20_000, interval: 100 }).toBe(0.000105)
    const held = await setup.admin(`DELETE ${PRICES}/${first.body.id}`)
    expect(held).toMatchObject({ status: 400, body: { problems: [{ field: 'id' }] } })
    const log = await setup.admin<{ data: readonly { action: string }[] }>(
      'GET /admin/v1/audit?subject=prices/up/small&limit=3',
    )
    expect(log.body.data.map(({ action }) => action)).toEqual(['price.withdrawn', 'price.set', 'price.set'])
  })

  it('decides: a model that has got dearer than the ceiling is left out', async () => {
    const { key } = await setup.tenant('ceiling')
    const candidates = async () => {
      const body = { prompt: 'Hello?', max_cost_usd: 0.01 }
      const { body: plan } = await call<{ candidates: readonly { arm: string; excluded: unknown }[] }>(
        setup,
        'POST /v1/plan',
        { key, body },
      )
      return plan.candidates.filter(({ excluded }) => excluded === null).map(({ arm }) => arm)
    }
    expect(await candidates()).toContain('up/small')
    await set({ model: 'small', input_usd_per_mtok: 5_000, output_usd_per_mtok: 5_000 })
    expect(await candidates()).not.toContain('up/small')
  })

  it.each([
    ['a model that there is not', { model: 'tiny' }, 'model'],
    ['a moment that has passed', { valid_from: '2020-01-01T00:00:00Z' }, 'valid_from'],
    ['a moment that is none', { valid_from: 'tomorrow' }, 'valid_from'],
    ['a negative price', { input_usd_per_mtok: -1 }, 'input_usd_per_mtok'],
    ['a price in words', { output_usd_per_mtok: 'free' }, 'output_usd_per_mtok'],
    ['a price beyond measure', { output_usd_per_mtok: 1e300 }, 'output_usd_per_mtok'],
    ['a price that is too fine', { input_usd_per_mtok: 0.00000001 }, 'input_usd_per_mtok'],
    ['half a price', { output_usd_per_mtok: undefined }, 'output_usd_per_mtok'],
    ['a field that is none', { cached_usd_per_mtok: 1 }, 'cached_usd_per_mtok'],
  ])('is refused with %s: the field, what was found, what is allowed', async (_name, differs, field) => {
    const before = await listed()
    const refused = await setup.admin<{ problems: { field: string; found: string; allowed: string }[] }>(
      `POST ${PRICES}`,
      { body: { model: 'small', input_usd_per_mtok: 1, output_usd_per_mtok: 1, ...differs } },
    )
    expect(refused.status, refused.text).toBe(400)
    const problem = refused.body.problems.find(each => each.field === field)
    expect(problem, refused.text).toBeDefined()
    expect([problem?.found, problem?.allowed]).not.toContain('')
    expect(await listed()).toEqual(before)
  })

  it('that is beyond any number is refused', async () => {
    const response = await fetch(setup.url + PRICES, {
      method: 'POST',
      headers: { authorization: `Bearer ${setup.adminKey}`, 'content-type': 'application/json' },
      body: '{"model": "small", "input_usd_per_mtok": 1e999, "output_usd_per_mtok": 1}',
    })
    expect(response.status).toBe(400)
    expect(await response.text()).toContain('input_usd_per_mtok')
  })

  it('is an administrator’s to see and to set', async () => {
    const { key } = await setup.tenant('curious')
    expect((await call(setup, `GET ${PRICES}`, { key })).status).toBe(403)
    expect((await call(setup, `POST ${PRICES}`, { key, body: {} })).status).toBe(403)
    expect((await call(setup, `GET ${PRICES}`, { key: null })).status).toBe(401)
  })
})

const server = await postgresForTests()
afterAll(async () => {
  if (server.missing === null) await server.stop()
})

describe.skipIf(server.missing !== null)('a price on one replica', () => {
  it('is soon the others’, also of one that starts later', async () => {
    if (server.missing !== null) return
    const env = { DATABASE_URL: await server.createDatabase() }
    const adminKey = freshKey()
    await using first = await KeyedGateway.start({ env, adminKey })
    await using second = await KeyedGateway.start({ env, adminKey })
    const { key } = await first.tenant('shared')
    await set({ model: 'small', input_usd_per_mtok: 3, output_usd_per_mtok: 4 }, first)
    const price = async ({ url }: KeyedGateway) =>
      (await call<{ atp: object }>({ url }, 'GET /v1/models/up/small', { key })).body.atp
    const expected = { input_usd_per_mtok: 3, output_usd_per_mtok: 4 }
    expect(await price(first)).toMatchObject(expected)
    await expect.poll(() => price(second), { timeout: 10_000, interval: 50 }).toMatchObject(expected)
    await using third = await KeyedGateway.start({ env, adminKey })
    expect(await price(third)).toMatchObject(expected)
  })
})
