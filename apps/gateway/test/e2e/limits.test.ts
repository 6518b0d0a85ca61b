/** A tenant's limits, through HTTP: what is refused, how the answer says so, and that nothing leaks. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import OpenAI, { RateLimitError } from 'openai'
import { afterEach, describe, expect, it } from 'vitest'
import { call, KeyedGateway } from '../support/keyed-gateway.ts'
import { get } from '../support/post.ts'
import { completionOf, type Script } from '../support/scripted-upstream.ts'

const opened: AsyncDisposable[] = []

afterEach(async () => {
  for (const each of opened.splice(0).reverse()) await each[Symbol.asyncDispose]()
})

async function start(options: Parameters<typeof KeyedGateway.start>[0] = {}): Promise<KeyedGateway> {
  const gateway = await KeyedGateway.start(options)
  opened.push(gateway)
  return gateway
}

/** An answer of 10 and 5 tokens at $1 and $2 a million: 20 micro-dollars. */
const COST_USD = 0.00002
const patience = { timeout: 30_000 }

async function metric(gateway: KeyedGateway, line: string): Promise<string | undefined> {
  const { text } = await get(gateway, '/metrics')
  return text.split('\n').find(each => each.startsWith(line))
}

describe('a limit on requests', () => {
  const limits = [{ id: 'rpm', scope: 'tenant', counts: 'requests', per: '1m', amount: 3 }]

  it('admits as many, refuses the next with all that there is to know, and leaves other tenants alone', async () => {
    const gateway = await start()
    const { key } = await gateway.tenant('held', { limits })
    const other = await gateway.tenant('other', { limits })
    for (const left of [2, 1, 0]) {
      const { status, headers } = await gateway.ask(key)
      expect(status).toBe(200)
      expect(headers.get('ratelimit-policy')).toBe('"tenant/rpm";q=3;qu="requests";w=60')
      expect(headers.get('ratelimit')).toMatch(new RegExp(`^"tenant/rpm";r=${left};t=\\d+$`))
      expect(headers.get('x-ratelimit-remaining-requests')).toBe(String(left))
    }
    const refused = await gateway.ask(key)
    expect(refused.status).toBe(429)
    expect(refused.headers.get('content-type')).toMatch('application/problem+json')
    expect(refused.body).toMatchObject({
      code: 'rate_limit_exceeded',
      limit: { scope: 'tenant', level: 'rpm', counts: 'requests', per: '1m', limit: 3, used: 3, reserved: 0 },
    })
    const wait = Number(refused.headers.get('retry-after'))
    expect(wait).toBeGreaterThan(0)
    expect(wait).toBeLessThanOrEqual(61)
    expect(refused.headers.get('ratelimit')).toMatch(/^"tenant\/rpm";r=0/)
    expect(gateway.upstream.requests).toHaveLength(3)
    expect((await gateway.ask(other.key)).status).toBe(200)
  })

  it("says so in OpenAI's words to OpenAI's client", async () => {
    const gateway = await start()
    const { key } = await gateway.tenant('held', { limits })
    const openai = new OpenAI({ baseURL: `${gateway.url}/v1`, apiKey: key, maxRetries: 0 })
    const ask = () =>
      openai.chat.completions.create({ model: 'auto', messages: [{ role: 'user', content: 'Hello?' }] })
    for (let time = 0; time < 3; time++) await ask()
    const error = (await ask().catch(thrown => thrown)) as RateLimitError
    expect(error).toBeInstanceOf(RateLimitError)
    expect(error.code).toBe('rate_limit_exceeded')
    expect(error.headers.get('x-ratelimit-limit-requests')).toBe('3')
    expect(Number(error.headers.get('retry-after'))).toBeGreaterThan(0)
  })

  it('counts a request once, whatever it takes to answer it', async () => {
    let calls = 0
    const script: Script = (_request, response) => {
      calls += 1
      if (calls % 2 === 1) response.statusCode = 500
      response.setHeader('content-type', 'application/json')
      response.end(JSON.stringify(completionOf('Hello.', { prompt_tokens: 10, completion_tokens: 5 })))
    }
    const gateway = await start({ script })
    const { key } = await gateway.tenant('held', { limits })
    for (let time = 0; time < 3; time++) expect((await gateway.ask(key)).status).toBe(200)
    expect(calls).toBe(6)
    expect((await gateway.ask(key)).status).toBe(429)
  })

  it('of one model sends the next request to another', async () => {
    const gateway = await start()
    const limit = { id: 'few', scope: 'model', model: 'large', counts: 'requests', per: '1h', amount: 1 }
    const { key } = await gateway.tenant('held', { limits: [limit] })
    expect((await gateway.ask(key, { model: 'large' })).status).toBe(200)
    expect((await gateway.ask(key, { model: 'large' })).status).toBe(429)
    for (let time = 0; time < 10; time++) {
      expect((await gateway.ask(key)).body).toMatchObject({ model: 'up/small' })
    }
  })

  it('in shadow refuses nobody, and is counted', async () => {
    const gateway = await start()
    const { key } = await gateway.tenant('held', { limits: [{ ...limits[0], amount: 1, shadow: true }] })
    for (let time = 0; time < 3; time++) {
      const { status, headers } = await gateway.ask(key)
      expect([status, headers.get('ratelimit')]).toEqual([200, null])
    }
    expect(await metric(gateway, 'atp_admissions_total{verdict="shadow_denied"}')).toMatch(/ 2$/)
  })
})

describe('a daily budget', () => {
  const budget = (usd: number, differs = {}) => ({
    limits: [{ id: 'budget', scope: 'tenant', counts: 'cost_usd', per: 'day', amount: usd, ...differs }],
  })

  it('is spent by what answers cost, refuses as an exhausted quota, and outlives a crash', async () => {
    const dataDir = mkdtempSync(join(tmpdir(), 'atp-limits-test-'))
    opened.push({ [Symbol.asyncDispose]: async () => rmSync(dataDir, { recursive: true, force: true }) })
    const adminKey = `atp_${'A'.repeat(43)}`
    const gateway = await start({ dataDir, adminKey })
    // As much as four answers, and what one more may at most be reserved at.
    const { key } = await gateway.tenant('paying', budget(4.5 * COST_USD, {}))
    const ask = (at: KeyedGateway) => at.ask(key, { max_output_tokens: 5, model: 'small' })
    let answered = 0
    for (; answered < 10; answered++) if ((await ask(gateway)).status !== 200) break
    expect(answered).toBeGreaterThanOrEqual(3)
    const refused = await ask(gateway)
    expect(refused.body).toMatchObject({ code: 'quota_exceeded', limit: { counts: 'cost_usd', reserved: 0 } })
    expect((refused.body.limit as { used: number }).used).toBeCloseTo(answered * COST_USD, 9)
    await gateway.gateway.end('SIGKILL')
    const again = await start({ dataDir, adminKey })
    const after = await ask(again)
    expect(after.status).toBe(429)
    expect((after.body.limit as { used: number }).used).toBeCloseTo(answered * COST_USD, 9)
  })

  it('that is spent lets models pass that cost nothing, unless it is told not to', async () => {
    const free = { id: 'free', models: [{ name: 'free', input_usd_per_mtok: 0, output_usd_per_mtok: 0 }] }
    const gateway = await start({ models: ['small'] })
    const config = { adapters: [{ base_url: gateway.upstream.url, ...free }] }
    const freely = await start({ config })
    for (const [settings, status] of [
      [{}, 200],
      [{ block_zero_price: true }, 429],
    ] as const) {
      const { key } = await freely.tenant(`tenant-${status}`, { ...budget(0), ...settings })
      expect((await freely.ask(key)).status).toBe(status)
    }
  })

  it('with `bound` never pays more than it has, whatever comes at once', async () => {
    const script: Script = (request, response) => {
      const most = (request.body.max_completion_tokens ?? request.body.max_tokens) as number
      response.setHeader('content-type', 'application/json')
      // As long as it is let, whatever was expected.
      response.end(JSON.stringify(completionOf('Hi.', { prompt_tokens: 8, completion_tokens: most })))
    }
    const gateway = await start({ script, models: ['small'] })
    const usd = 0.004
    const { key } = await gateway.tenant('bound', { ...budget(usd), reserve: 'bound' })
    const answers = await Promise.all(
      Array.from({ length: 60 }, () => gateway.ask(key, { max_output_tokens: 200 })),
    )
    const paid = answers.filter(({ status }) => status === 200)
    const spent = paid.reduce((sum, { body }) => sum + (body.cost_usd as number), 0)
    expect(paid.length).toBeGreaterThan(3)
    expect(answers.filter(({ status }) => status === 429)).toHaveLength(60 - paid.length)
    expect(spent).toBeLessThanOrEqual(usd)
    const refused = await gateway.ask(key, { max_output_tokens: 2_000 })
    expect(refused.body.limit).toMatchObject({ reserved: 0 })
    expect((refused.body.limit as { used: number }).used).toBeCloseTo(spent, 9)
  })

  it('cuts the answer that would break it, where the tenant says so', async () => {
    const gateway = await start({ models: ['small'] })
    const { key } = await gateway.tenant('cut', {
      ...budget(0.0005),
      reserve: 'bound',
      cut_at_hard_quota: true,
    })
    const { status } = await gateway.ask(key, { max_output_tokens: 1_000 })
    expect(status).toBe(200)
    const sent =
      gateway.upstream.requests[0]?.body.max_completion_tokens ??
      gateway.upstream.requests[0]?.body.max_tokens
    expect(sent).toBeGreaterThan(100)
    expect(sent).toBeLessThan(250)
  })
})

describe('what is under way at once', () => {
  const limits = [{ id: 'lanes', scope: 'key', counts: 'concurrent', per: null, amount: 2 }]

  /** Holds each answer until it is let go. */
  function gate() {
    const held: (() => void)[] = []
    const script: Script = async (request, response) => {
      response.setHeader('content-type', request.body.stream ? 'text/event-stream' : 'application/json')
      if (request.body.stream) {
        response.write('data: {"choices":[{"index":0,"delta":{"content":"Hel"}}]}\n\n')
      }
      await Promise.race([new Promise<void>(resolve => held.push(resolve)), request.hungUp])
      if (request.body.stream) response.end('data: [DONE]\n\n')
      else response.end(JSON.stringify(completionOf('Hello.', { prompt_tokens: 10, completion_tokens: 5 })))
    }
    return { held, script }
  }

  it('is limited by key, and free again when answers end', async () => {
    const { held, script } = gate()
    const gateway = await start({ script })
    const { key } = await gateway.tenant('lanes', { limits })
    const first = [gateway.ask(key), gateway.ask(key)]
    await expect.poll(() => held.length, patience).toBe(2)
    const refused = await gateway.ask(key)
    expect(refused.body).toMatchObject({
      code: 'rate_limit_exceeded',
      limit: { scope: 'key', level: 'lanes' },
    })
    const another = await gateway.key({ tenant: 'lanes', scope: 'data' })
    const elsewhere = gateway.ask(another.key)
    await expect.poll(() => held.length, patience).toBe(3)
    for (const release of held) release()
    for (const answer of [...first, elsewhere]) expect((await answer).status).toBe(200)
    const more = gateway.ask(key)
    await expect.poll(() => held.length, patience).toBe(4)
    held[3]?.()
    expect((await more).status).toBe(200)
  })

  it.each([false, true])('is free again when the client goes away (streaming: %s)', async stream => {
    const { held, script } = gate()
    const gateway = await start({ script })
    const { key } = await gateway.tenant('lanes', { limits })
    const clients = [new AbortController(), new AbortController()]
    const gone = clients.map(async ({ signal }) => {
      const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json' }
      const body = JSON.stringify({ prompt: 'Hello?', stream })
      const response = await fetch(`${gateway.url}/v1/ask`, { method: 'POST', headers, body, signal })
      await response.text()
    })
    await expect.poll(() => held.length, patience).toBe(2)
    expect((await gateway.ask(key)).status).toBe(429)
    for (const client of clients) client.abort()
    for (const each of gone) await each.catch(() => undefined)
    await expect
      .poll(async () => {
        const asked = call(gateway, 'POST /v1/ask', { key, body: { prompt: 'Hello?' } })
        const before = held.length
        const status = await Promise.race([
          asked.then(answer => answer.status),
          expect
            .poll(() => held.length, patience)
            .toBeGreaterThan(before)
            .then(() => 200),
        ])
        for (const release of held) release()
        await asked
        return status
      }, patience)
      .toBe(200)
  })
})
