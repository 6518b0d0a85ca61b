import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { GatewayProcess } from '../support/gateway-process.ts'
import { completionOf, configFor, ScriptedUpstream } from '../support/scripted-upstream.ts'

let upstream: ScriptedUpstream
let gateway: GatewayProcess

beforeAll(async () => {
  upstream = await ScriptedUpstream.start((_request, response) => {
    response.setHeader('content-type', 'application/json')
    response.end(JSON.stringify(completionOf('yes', { prompt_tokens: 1, completion_tokens: 1 })))
  })
  gateway = await GatewayProcess.start({ config: configFor(upstream) })
})

afterAll(async () => {
  await gateway[Symbol.asyncDispose]()
  await upstream[Symbol.asyncDispose]()
})

const CHAT = { model: 'auto', messages: [{ role: 'user', content: 'hi' }] }
const JSON_TYPE = { 'content-type': 'application/json' }

async function post(path: string, body: string, headers: Record<string, string> = JSON_TYPE) {
  const response = await fetch(gateway.url + path, { method: 'POST', headers, body })
  return {
    status: response.status,
    type: response.headers.get('content-type'),
    body: (await response.json()) as never,
  }
}

async function stillServes(): Promise<void> {
  const { status } = await post('/v1/chat/completions', JSON.stringify(CHAT))
  expect(status).toBe(200)
}

interface Case {
  readonly name: string
  readonly body: unknown
  readonly status: number
  readonly code: string
  /** What the message must name. */
  readonly says: readonly string[]
}

const CHAT_CASES: readonly Case[] = [
  {
    name: 'an unknown strategy',
    body: { ...CHAT, atp: { strategy: 'luck' } },
    status: 400,
    code: 'invalid_request',
    says: ['atp.strategy', 'luck', 'thompson'],
  },
  {
    name: 'an unknown quality',
    body: { ...CHAT, atp: { quality: 'best' } },
    status: 400,
    code: 'invalid_request',
    says: ['atp.quality', 'best', 'balanced'],
  },
  {
    name: 'an unknown model',
    body: { ...CHAT, model: 'gpt-99' },
    status: 404,
    code: 'unknown_model',
    says: ['gpt-99', 'up/model'],
  },
  {
    name: 'no messages',
    body: { ...CHAT, messages: [] },
    status: 400,
    code: 'invalid_request',
    says: ['messages'],
  },
  {
    name: 'a missing model',
    body: { messages: CHAT.messages },
    status: 400,
    code: 'invalid_request',
    says: ['model'],
  },
  {
    name: 'a negative cost',
    body: { ...CHAT, atp: { max_cost_usd: -1 } },
    status: 400,
    code: 'invalid_request',
    says: ['atp.max_cost_usd', '-1', '0'],
  },
  {
    name: 'an unknown routing field',
    body: { ...CHAT, atp: { qualty: 'high' } },
    status: 400,
    code: 'invalid_request',
    says: ['qualty'],
  },
  {
    name: 'messages of the wrong type',
    body: { ...CHAT, messages: 'hi' },
    status: 400,
    code: 'invalid_request',
    says: ['messages', 'hi', 'list'],
  },
  { name: 'an array as the body', body: [], status: 400, code: 'invalid_request', says: ['object'] },
]

const ASK_CASES: readonly Case[] = [
  {
    name: 'an unknown strategy',
    body: { prompt: 'hi', strategy: 'luck' },
    status: 400,
    code: 'invalid_request',
    says: ['strategy', 'luck', 'thompson'],
  },
  {
    name: 'an unknown model',
    body: { prompt: 'hi', model: 'gpt-99' },
    status: 404,
    code: 'unknown_model',
    says: ['gpt-99'],
  },
  { name: 'an empty prompt', body: { prompt: '' }, status: 400, code: 'invalid_request', says: ['prompt'] },
  {
    name: 'neither prompt nor messages',
    body: {},
    status: 400,
    code: 'invalid_request',
    says: ['prompt', 'messages'],
  },
  {
    name: 'a negative cost',
    body: { prompt: 'hi', max_cost_usd: -0.5 },
    status: 400,
    code: 'invalid_request',
    says: ['max_cost_usd', '-0.5'],
  },
  {
    name: 'an unknown field',
    body: { prompt: 'hi', temprature: 1 },
    status: 400,
    code: 'invalid_request',
    says: ['temprature'],
  },
  {
    name: 'negative weights',
    body: { prompt: 'hi', quality: { quality: -1, cost: 0, latency: 0 } },
    status: 400,
    code: 'invalid_request',
    says: ['quality'],
  },
]

describe("bad input on OpenAI's endpoint", () => {
  it.each(CHAT_CASES)(
    '$name: $status in the shape of an OpenAI error',
    async ({ body, status, code, says }) => {
      const answer = await post('/v1/chat/completions', JSON.stringify(body))
      expect(answer.status).toBe(status)
      expect(answer.body).toMatchObject({
        error: { message: expect.any(String), type: 'invalid_request_error', code },
      })
      const { message } = (answer.body as { error: { message: string } }).error
      for (const word of says) expect(message).toContain(word)
      await stillServes()
    },
  )

  it('a routing header that makes no sense is refused by its name', async () => {
    const answer = await post('/v1/chat/completions', JSON.stringify(CHAT), {
      ...JSON_TYPE,
      'x-atp-max-cost-usd': '-3',
    })
    expect(answer.status).toBe(400)
    expect((answer.body as { error: { message: string } }).error.message).toMatch(/x-atp-max-cost-usd.*-3/)
  })
})

describe.each(['/v1/ask', '/v1/plan'])('bad input on %s', path => {
  it.each(ASK_CASES)('$name: $status as problem+json', async ({ body, status, code, says }) => {
    const answer = await post(path, JSON.stringify(body))
    expect(answer.status).toBe(status)
    expect(answer.type).toContain('application/problem+json')
    expect(answer.body).toMatchObject({
      code,
      status,
      title: expect.any(String),
      type: `urn:atp:error:${code}`,
    })
    const { detail } = answer.body as { detail: string }
    for (const word of says) expect(detail).toContain(word)
    await stillServes()
  })
})

describe('bad input on /v1/observe', () => {
  it.each([
    ['a quality above 1', { decision_id: 'x', quality: 1.5 }, 'quality'],
    ['a missing quality', { decision_id: 'x' }, 'quality'],
    ['nothing at all', {}, 'decision_id'],
    ['fields of both kinds', { decision_id: 'x', quality: 1, outcome: 'success' }, 'outcome'],
    ['an unknown outcome', { arm: 'up/model', outcome: 'great' }, 'outcome'],
    ['an empty batch', { observations: [] }, 'observations'],
  ])('%s is a 400 that names the field', async (_name, body, field) => {
    const answer = await post('/v1/observe', JSON.stringify(body))
    expect(answer.status).toBe(400)
    expect((answer.body as { detail: string }).detail).toContain(field)
  })

  it('an unknown decision is a 404', async () => {
    const answer = await post('/v1/observe', JSON.stringify({ decision_id: 'no-such-decision', quality: 1 }))
    expect(answer).toMatchObject({ status: 404, body: { code: 'unknown_decision' } })
  })
})

describe.each(['/v1/chat/completions', '/v1/ask', '/v1/plan', '/v1/observe'])(
  'a body that is no JSON object on %s',
  path => {
    const codeOf = (body: { code?: string; error?: { code: string } }): string | undefined =>
      body.error?.code ?? body.code

    it.each([
      ['truncated JSON', '{"model": "auto", "mess', JSON_TYPE, 400, 'malformed_json'],
      ['an empty body', '', JSON_TYPE, 400, 'malformed_json'],
      ['a prototype poisoning attempt', '{"__proto__": {"a": 1}}', JSON_TYPE, 400, 'malformed_json'],
      ['the wrong content type', 'hello', { 'content-type': 'text/plain' }, 415, 'unsupported_media_type'],
    ])('%s is refused and the process lives on', async (_name, body, headers, status, code) => {
      const answer = await post(path, body, headers as Record<string, string>)
      expect(answer.status).toBe(status)
      expect(codeOf(answer.body)).toBe(code)
      await stillServes()
    })

    it('50 MiB is a 413, and the process lives on', async () => {
      const body = JSON.stringify({ ...CHAT, padding: 'x'.repeat(50 * 1024 * 1024) })
      const answer = await post(path, body)
      expect(answer.status).toBe(413)
      expect(codeOf(answer.body)).toBe('payload_too_large')
      await stillServes()
    })
  },
)

describe('an address that is not there', () => {
  it('is a 404 in the shape of its neighbourhood', async () => {
    expect(await post('/v1/embeddings', '{}')).toMatchObject({
      status: 404,
      body: { error: { code: 'not_found' } },
    })
    expect(await post('/nowhere', '{}')).toMatchObject({ status: 404, body: { code: 'not_found' } })
  })
})
