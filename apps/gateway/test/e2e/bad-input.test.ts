import { connect } from 'node:net'
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

/** An object in an object, and so on: as text, because to make such a text of it would overflow here too. */
function nested(levels: number): string {
  return '{"a":'.repeat(levels) + 1 + '}'.repeat(levels)
}

function withNested(body: unknown, levels: number): string {
  return JSON.stringify(body).replace('"NESTED"', nested(levels))
}

describe('a body that is nested too deeply', () => {
  it.each([
    ['/v1/chat/completions', { ...CHAT, metadata: 'NESTED' }, 'metadata'],
    ['/v1/chat/completions', { ...CHAT, tools: ['NESTED'] }, 'tools'],
    ['/v1/ask', { messages: [{ role: 'user', content: 'NESTED' }] }, 'messages'],
    ['/v1/plan', { messages: [{ role: 'user', content: 'NESTED' }] }, 'messages'],
  ] as const)('is a 400 on %s that names the field, and no upstream is blamed', async (path, body, field) => {
    const asked = upstream.requests.length
    for (let times = 0; times < 6; times++) {
      const answer = await post(path, withNested(body, 5_000))
      expect(answer.status).toBe(400)
      expect(JSON.stringify(answer.body)).toContain(`${field}: found more than 100 levels`)
    }
    expect(upstream.requests.length).toBe(asked)
    await stillServes()
  })

  it('at a depth that people use is passed on', async () => {
    const answer = await post('/v1/chat/completions', withNested({ ...CHAT, metadata: 'NESTED' }, 90))
    expect(answer.status).toBe(200)
    expect(JSON.stringify(upstream.requests.at(-1)?.body.metadata)).toBe(nested(90))
  })
})

describe('what OpenAI allows', () => {
  it('as null is as good as absent', async () => {
    const body = { ...CHAT, tools: null, response_format: null, n: null, stream: null, max_tokens: null }
    expect((await post('/v1/chat/completions', JSON.stringify(body))).status).toBe(200)
  })
})

describe('a routing header', () => {
  it.each([
    ['x-atp-latency-slo-ms', '0', 'above 0'],
    ['x-atp-max-cost-usd', '1000001', '1000000'],
    ['x-atp-allow', 'a'.repeat(201), '200'],
    ['x-atp-deny', 'a,,b', '1 to 200'],
    ['x-atp-task', 'two words', '1 to 64'],
    ['x-atp-decision-seed', '', ''],
  ])('%s has the bounds of the field in the body', async (name, value, allowed) => {
    const answer = await post('/v1/chat/completions', JSON.stringify(CHAT), { ...JSON_TYPE, [name]: value })
    expect(answer.status).toBe(400)
    const { message } = (answer.body as { error: { message: string } }).error
    expect(message).toContain(name)
    expect(message).toContain(allowed)
  })
})

/** What a raw connection gets for these bytes, until it is closed. */
async function raw(bytes: string, url = gateway.url): Promise<string> {
  const { hostname, port } = new URL(url)
  const socket = connect(Number(port), hostname)
  socket.write(bytes)
  let answer = ''
  for await (const chunk of socket) answer += chunk
  return answer
}

describe('a request that is no request', () => {
  it.each([
    ['/v1/%zz', 'openai'],
    ['/v1/ask/%zz', 'atp'],
  ])('an address that cannot be read, %s, is a 400', async (path, wire) => {
    const answer = await raw(`GET ${path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n`)
    expect(answer).toMatch(/^HTTP\/1.1 400 /)
    expect(answer).toContain(wire === 'openai' ? '{"error":{"message"' : 'application/problem+json')
  })

  it('headers beyond all measure are a 431', async () => {
    const answer = await raw(`GET /livez HTTP/1.1\r\nhost: x\r\nx-long: ${'a'.repeat(20_000)}\r\n\r\n`)
    expect(answer).toMatch(/^HTTP\/1.1 431 /)
    expect(answer).toContain('"code":"headers_too_large"')
    await stillServes()
  })

  it('bytes that are no HTTP are a 400', async () => {
    const answer = await raw('hello?\r\n\r\n')
    expect(answer).toMatch(/^HTTP\/1.1 400 /)
    expect(answer).toContain('"code":"invalid_request"')
    await stillServes()
  })

  it('a body that never ends is a 408', async () => {
    const config = { ...configFor(upstream), server: { request_timeout: '200ms' } }
    await using impatient = await GatewayProcess.start({ config })
    const head = `POST /v1/ask HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n`
    const answer = await raw(`${head}{"prompt"`, impatient.url)
    expect(answer).toMatch(/^HTTP\/1.1 408 /)
    expect(answer).toContain('"code":"request_timeout"')
  })
})

describe('a method that an address does not take', () => {
  it.each([
    ['/v1/ask', 'atp'],
    ['/v1/observe', 'atp'],
    ['/v1/chat/completions', 'openai'],
  ])('is a 405 that says which it takes: GET %s', async (path, wire) => {
    const response = await fetch(gateway.url + path)
    expect(response.status).toBe(405)
    expect(response.headers.get('allow')).toBe('POST')
    const body = (await response.json()) as { code?: string; error?: { code: string } }
    expect(wire === 'openai' ? body.error?.code : body.code).toBe('method_not_allowed')
  })
})

describe('an address that is not there', () => {
  it('is a 404 in the shape of its neighbourhood', async () => {
    expect(await post('/v1/audio/speech', '{}')).toMatchObject({
      status: 404,
      body: { error: { code: 'not_found' } },
    })
    expect(await post('/nowhere', '{}')).toMatchObject({ status: 404, body: { code: 'not_found' } })
  })
})
