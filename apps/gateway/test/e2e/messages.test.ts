/** Anthropic's wire where something is wrong: each error in its shape, with its status. */
import type { ServerResponse } from 'node:http'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { call, KeyedGateway } from '../support/keyed-gateway.ts'
import { completionOf } from '../support/scripted-upstream.ts'

let gateway: KeyedGateway
let script: (body: Record<string, unknown>, response: ServerResponse) => void

beforeAll(async () => {
  gateway = await KeyedGateway.start({
    models: ['small'],
    script: ({ body }, response) => script(body, response),
  })
})

afterAll(() => gateway[Symbol.asyncDispose]())

const body = { model: 'auto', max_tokens: 9, messages: [{ role: 'user', content: 'Hello?' }] }

const post = (key: string | null, request: object = body) =>
  call(gateway, 'POST /v1/messages', {
    key: null,
    body: request,
    ...(key === null ? {} : { headers: { 'x-api-key': key, 'anthropic-version': '2023-06-01' } }),
  })

const answer =
  (message: object, finish_reason = 'stop') =>
  (_: unknown, response: ServerResponse) => {
    const completion = completionOf('Hi', { prompt_tokens: 10, completion_tokens: 2 })
    const [choice] = completion.choices
    response.setHeader('content-type', 'application/json')
    response.end(JSON.stringify({ ...completion, choices: [{ ...choice, message, finish_reason }] }))
  }

const error = (type: string, message: RegExp | string) => ({
  type: 'error',
  error: { type, message: typeof message === 'string' ? message : expect.stringMatching(message) },
})

it('takes a key where Anthropic’s clients put it, and refuses a request without one', async () => {
  const { key } = await gateway.tenant('keyed')
  script = answer({ role: 'assistant', content: 'Hi' })
  expect((await post(key)).body).toMatchObject({ content: [{ type: 'text', text: 'Hi' }] })
  const refused = await post(null)
  expect([refused.status, refused.body]).toMatchObject([401, error('authentication_error', /API key/)])
  expect(refused.body).toMatchObject({ request_id: refused.headers.get('request-id') })
  expect(refused.headers.get('request-id')).toMatch(/^[0-9a-f-]{36}$/)
})

it('gives an upstream the chat completion, and none of our options', async () => {
  const { key } = await gateway.tenant('asks')
  const sent: unknown[] = []
  script = (asked, response) => {
    sent.push(asked)
    answer({ role: 'assistant', content: 'Hi' })(asked, response)
  }
  await post(key, { ...body, atp: { quality: 'high' } })
  expect(sent).toEqual([
    { model: 'small', messages: [{ role: 'user', content: 'Hello?' }], max_completion_tokens: 9 },
  ])
})

it('tells a limited tenant when to come again', async () => {
  const { key } = await gateway.tenant('limited', {
    limits: [{ id: 'rph', scope: 'tenant', counts: 'requests', per: '1h', amount: 1 }],
  })
  script = answer({ role: 'assistant', content: 'Hi' })
  expect((await post(key)).status).toBe(200)
  const denied = await post(key)
  expect([denied.status, denied.body]).toMatchObject([429, error('rate_limit_error', /./)])
  expect(Number(denied.headers.get('retry-after'))).toBeGreaterThan(0)
})

it('says that a call was cut by its limit, and gives none of it', async () => {
  const { key } = await gateway.tenant('cut-call')
  const called = { id: 'a', type: 'function', function: { name: 'weather', arguments: '{"city":' } }
  script = answer({ role: 'assistant', content: null, tool_calls: [called] }, 'length')
  expect((await post(key)).body).toMatchObject({
    stop_reason: 'max_tokens',
    content: [{ type: 'tool_use', name: 'weather', input: {} }],
  })
})

it('fails where a model calls a tool with something else than JSON', async () => {
  const { key } = await gateway.tenant('tools')
  const called = { id: 'a', type: 'function', function: { name: 'weather', arguments: '{"city":' } }
  script = answer({ role: 'assistant', content: null, tool_calls: [called] })
  const failed = await post(key)
  expect([failed.status, failed.body]).toMatchObject([502, error('api_error', /weather/)])
})

it('ends a stream that breaks off with an error event, and bills what was delivered', async () => {
  const { key } = await gateway.tenant('cut')
  script = (_, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    response.write('data: {"choices":[{"delta":{"content":"Once upon a time"}}]}\n\n', () =>
      response.destroy(),
    )
  }
  const { status, text } = await post(key, { ...body, stream: true })
  expect(status).toBe(200)
  expect(text.match(/^event: .*$/gm)).toEqual([
    'event: message_start',
    'event: content_block_start',
    'event: content_block_delta',
    'event: error',
  ])
  expect(text).toContain('"type":"api_error"')
  const usage = await gateway.admin<{ data: { output_tokens: number }[] }>('GET /admin/v1/usage?tenant=cut')
  expect(usage.body.data[0]?.output_tokens).toBe(4)
})

it('says that no model can be had now as Anthropic says that it is overloaded', async () => {
  const { key } = await gateway.tenant('away')
  script = (_, response) => {
    response.statusCode = 500
    response.end()
  }
  const statuses = new Set<number>()
  // The circuit opens.
  for (let asked = 0; asked < 8; asked++) statuses.add((await post(key)).status)
  expect([...statuses]).toEqual([502, 529])
  expect((await post(key)).body).toMatchObject(error('overloaded_error', /./))
})

it.each(['GET /v1/messages', 'POST /v1/messages/batches'])('%s is not there, and says so', async request => {
  const { status, body } = await call(gateway, request, { key: null })
  expect([404, 405]).toContain(status)
  expect(body).toMatchObject({ type: 'error' })
})
