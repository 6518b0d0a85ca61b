/** A model that fails is left alone, its neighbours are not; and an account that is back is found to be, without a client's request. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, expect, it } from 'vitest'
import { GatewayProcess } from '../support/gateway-process.ts'
import { NEVER_OPEN } from '../support/never-open.ts'
import { get, post } from '../support/post.ts'
import { completionOf } from '../support/scripted-upstream.ts'
import { seriesOf } from '../support/series.ts'

const opened: AsyncDisposable[] = []

afterEach(async () => {
  for (const each of opened.splice(0).reverse()) await each[Symbol.asyncDispose]()
})

type Handler = (model: string | null, response: ServerResponse) => void

/** @param handler the model is null for the list of models */
async function upstream(handler: Handler): Promise<string> {
  const server = createServer(async (request, response) => handler(await modelOf(request), response))
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  opened.push({
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections()
      await new Promise(resolve => server.close(resolve))
    },
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`
}

async function modelOf(request: IncomingMessage): Promise<string | null> {
  if (request.method === 'GET') return null
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  return (JSON.parse(Buffer.concat(chunks).toString()) as { model: string }).model
}

function answer(response: ServerResponse): void {
  response.setHeader('content-type', 'application/json')
  response.end(JSON.stringify(completionOf('hello', { prompt_tokens: 1, completion_tokens: 1 })))
}

function refuse(response: ServerResponse, status: number): void {
  response.statusCode = status
  response.end()
}

async function gatewayBefore(url: string, config: Record<string, unknown>): Promise<GatewayProcess> {
  const models = ['good', 'bad'].map(name => ({ name, input_usd_per_mtok: 1, output_usd_per_mtok: 1 }))
  const gateway = await GatewayProcess.start({
    config: { adapters: [{ id: 'up', base_url: url, models }], ...config },
  })
  opened.push(gateway)
  return gateway
}

const ask = (gateway: GatewayProcess, model: string) => post(gateway, '/v1/ask', { prompt: 'Hello?', model })
const metric = async (gateway: GatewayProcess, series: string) =>
  seriesOf((await get(gateway, '/metrics')).text, series)

it('leaves a model alone that fails, and its neighbours be', async () => {
  const url = await upstream((model, response) =>
    model === 'bad' ? refuse(response, 500) : answer(response),
  )
  const gateway = await gatewayBefore(url, { breaker: { failures: 2, cooldown: '1h' } })
  for (let failure = 0; failure < 2; failure++) expect((await ask(gateway, 'bad')).status).toBe(502)
  const refused = await ask(gateway, 'bad')
  expect(refused.status).toBe(503)
  expect(refused.text).toContain('the circuit of up/bad is open')
  expect((await ask(gateway, 'good')).status).toBe(200)
  expect((await ask(gateway, 'auto')).body).toMatchObject({ model: 'up/good' })
  expect(await metric(gateway, 'atp_model_circuit_open{arm="up/bad"}')).toBe(1)
  expect(await metric(gateway, 'atp_circuit_open{adapter="up"}')).toBe(0)
  const ready = await get<{ checks: Record<string, unknown> }>(gateway, '/readyz')
  expect([ready.status, ready.body.checks.adapters]).toMatchObject([
    200,
    { status: 'degraded', detail: 'circuit open: up/bad' },
  ])
})

it('finds by the list of models that an account is back, and asks it nothing else until then', async () => {
  let isAway = true
  const asked: (string | null)[] = []
  const url = await upstream((model, response) => {
    asked.push(model)
    if (isAway) refuse(response, 401)
    else answer(response)
  })
  const gateway = await gatewayBefore(url, { breaker: { failures: 2, cooldown: '200ms', probe: 'models' } })
  for (let failure = 0; failure < 2; failure++) expect((await ask(gateway, 'good')).status).toBe(502)
  await expect.poll(() => asked.filter(model => model === null).length).toBeGreaterThan(0)
  const before = asked.length
  expect((await ask(gateway, 'good')).status).toBe(503)
  expect(asked.slice(before)).not.toContain('good')
  isAway = false
  await expect.poll(() => metric(gateway, 'atp_circuit_open{adapter="up"}')).toBe(0)
  await expect.poll(() => metric(gateway, 'atp_trials_total{adapter="up",result="success"}')).toBe(1)
  expect((await ask(gateway, 'good')).status).toBe(200)
})

it('sends an upstream that has too much no more than it bears, and says when to come again', async () => {
  const waiting: ServerResponse[] = []
  let isTooMuch = true
  const url = await upstream((_, response) => {
    if (isTooMuch) refuse(response, 429)
    else waiting.push(response)
  })
  const gateway = await gatewayBefore(url, {
    upstream: { max_attempts: 1, concurrency: { min: 2 } },
    breaker: NEVER_OPEN,
  })
  expect((await ask(gateway, 'good')).status).toBe(429)
  expect(await metric(gateway, 'atp_adapter_concurrency_limit{adapter="up"}')).toBe(2)
  isTooMuch = false
  const asked = [ask(gateway, 'good'), ask(gateway, 'bad')]
  await expect.poll(() => waiting.length).toBe(2)
  const third = await ask(gateway, 'good')
  expect(third.body).toMatchObject({ status: 503, code: 'upstream_at_capacity' })
  expect(third.headers.get('retry-after')).toBe('1')
  expect(await metric(gateway, 'atp_adapter_calls_in_flight{adapter="up"}')).toBe(2)
  for (const response of waiting) answer(response)
  expect((await Promise.all(asked)).map(({ status }) => status)).toEqual([200, 200])
})
