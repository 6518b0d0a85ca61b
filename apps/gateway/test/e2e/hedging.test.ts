import { expect, it } from 'vitest'
import { KeyedGateway } from '../support/keyed-gateway.ts'
import { streams, ThreeProviders } from '../support/outage.ts'
import { get, post } from '../support/post.ts'
import { seriesOf } from '../support/series.ts'

const BODY = { model: 'auto', stream: true, messages: [{ role: 'user', content: 'Say hello.' }] }

it('a stream whose model stalls comes from a second one; the first is cancelled, and pays for the prompt', {
  timeout: 300_000,
}, async () => {
  await using setup = await ThreeProviders.start({
    log: { level: 'error' },
    upstream: {
      // Nobody would wait so long.
      first_token_timeout: '10m',
      hedge: { enabled: true, after_at_least: '50ms', min_answers: 20, max_share: 1 },
    },
  })
  const [stalled] = setup.providers as [(typeof setup.providers)[number]]
  const cancelled = () => setup.metric('atp_attempts_total{arm="one/one",outcome="cancelled"}')
  const inputTokens = () => setup.metric('atp_tokens_total{arm="one/one",direction="input"}')
  // Until enough is known of each.
  while (Math.min(...setup.calls) < 25) await streams(setup.gateway, 50, 8)
  stalled.control.setAccount('up', { stall_rate: 1 })
  const before = { cancelled: await cancelled(), inputTokens: await inputTokens() }

  const ask = () => post(setup.gateway, '/v1/chat/completions', BODY)
  let answered = await ask()
  while (stalled.control.stats().total.aborted_by_client === 0) answered = await ask()

  expect(answered.status).toBe(200)
  expect(answered.text).toMatch(/data: \[DONE\]\n\n$/)
  expect(answered.headers.get('x-atp-hedged')).toBe('true')
  expect(answered.headers.get('x-atp-attempts')).toBe('2')
  expect(answered.headers.get('x-atp-model')).toMatch(/^(two\/two|three\/three)$/)
  expect(await setup.metric('atp_hedges_total{answered="second"}')).toBeGreaterThan(0)
  expect(await setup.metric('atp_retries_total{kind="hedge"}')).toBeGreaterThan(0)
  expect((await cancelled()) - before.cancelled).toBe(1)
  expect(await inputTokens()).toBeGreaterThan(before.inputTokens)
  // It has not failed.
  expect(await setup.metric('atp_circuit_open{adapter="one"}')).toBe(0)
  for (const outcome of ['error', 'timeout', 'cut']) {
    expect(await setup.metric(`atp_attempts_total{arm="one/one",outcome="${outcome}"}`)).toBe(0)
  }
})

it('a hedge is rare, however slow a model is', { timeout: 300_000 }, async () => {
  await using setup = await ThreeProviders.start({
    log: { level: 'error' },
    upstream: { hedge: { enabled: true, after_at_least: '20ms', min_answers: 5 } },
  })
  let requests = 0
  const ask = async (count: number): Promise<void> => {
    requests += count
    expect([...(await streams(setup.gateway, count, 16))]).toEqual([[200, count]])
  }
  while (Math.min(...setup.calls) < 10) await ask(50)
  // Half a second to the first token.
  setup.providers[0]?.control.setAccount('up', { latency_factor: 100 })
  const refused = () => setup.metric('atp_retries_refused_total{kind="hedge"}')
  while ((await refused()) === 0) await ask(50)
  const hedges = await setup.metric('atp_retries_total{kind="hedge"}')
  expect(hedges).toBeGreaterThan(0)
  expect(hedges).toBeLessThanOrEqual(0.05 * requests)
})

it('a hedge is within the limits of its tenant: who may have one call under way has one', {
  timeout: 300_000,
}, async () => {
  let stalls = 0
  await using setup = await KeyedGateway.start({
    script: (_request, response) => {
      if (stalls > 0) {
        stalls -= 1
        return
      }
      const chunk = { choices: [{ index: 0, delta: { content: 'hello' }, finish_reason: 'stop' }] }
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      response.end(`data: ${JSON.stringify(chunk)}\n\ndata: [DONE]\n\n`)
    },
    config: {
      upstream: {
        first_token_timeout: '2s',
        hedge: { enabled: true, after_at_least: '50ms', min_answers: 5, max_share: 1 },
      },
    },
  })
  const free = await setup.tenant('free')
  const limits = [{ id: 'lane', scope: 'tenant', counts: 'concurrent', per: null, amount: 1 }]
  const held = await setup.tenant('held', { limits })
  const ask = (key: string) => setup.ask(key, { stream: true })
  const answers = async (model: string): Promise<number> => {
    const { text } = await get(setup, '/metrics')
    return seriesOf(text, `atp_attempts_total{arm="up/${model}",outcome="success"}`) ?? 0
  }
  for (const model of ['small', 'large']) {
    while ((await answers(model)) < 5) await setup.ask(free.key, { stream: true, model })
  }
  stalls = 1
  const { status, headers } = await ask(free.key)
  expect({ status, hedged: headers.get('x-atp-hedged') }).toEqual({ status: 200, hedged: 'true' })
  stalls = 1
  const alone = await ask(held.key)
  expect(alone.status).toBe(200)
  expect(alone.headers.get('x-atp-hedged')).toBeNull()
  // The first had all of its time.
  expect(alone.headers.get('x-atp-attempts')).toBe('2')
  expect(alone.text).toContain('hello')
})
