/** Embeddings as clients ask for them: two accounts that serve one model, the first of which may fail. */
import { createOpenAICompatible } from '@ai-sdk/openai-compatible'
import { type SimulatedProvider, startSimulatedProvider } from '@atp/simulated-provider'
import { OpenAIEmbeddings } from '@langchain/openai'
import { embed, embedMany } from 'ai'
import OpenAI from 'openai'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { call, KeyedGateway } from '../support/keyed-gateway.ts'
import type { Script } from '../support/scripted-upstream.ts'

const MODEL = 'sim-embedding'
const TEXTS = ['red tulips and roses', 'a moon in orbit', 'the tide comes in']
/** By the simulator's count, four bytes a token. */
const TOKENS = Math.ceil(TEXTS.join('').length / 4)

/** At a dollar a million tokens: a token is a micro-dollar. */
const serving = (name: string, capabilities: readonly string[]) => ({
  name,
  capabilities,
  input_usd_per_mtok: 1,
  output_usd_per_mtok: 0,
})

/** Of the account that is asked first, because it is expected to be quicker. */
let first: Script | null = null
let provider: SimulatedProvider
let gateway: KeyedGateway
let key: string

beforeAll(async () => {
  provider = await startSimulatedProvider({ timeScale: 0 })
  gateway = await KeyedGateway.start({
    script: async (request, response) => {
      if (first !== null) return first(request, response)
      const answer = await fetch(`${provider.url}/v1/embeddings`, {
        method: 'POST',
        body: JSON.stringify(request.body),
      })
      response.writeHead(answer.status, { 'content-type': 'application/json' })
      response.end(await answer.text())
    },
    // Whatever befalls an account, it is asked again.
    config: { breaker: { failures: 1_000 } },
    env: { ATP_UPSTREAM_TOTAL_TIMEOUT: '20s' },
    adapters: upstream => [
      {
        id: 'one',
        base_url: upstream,
        models: [{ ...serving(MODEL, ['embeddings']), expected_latency: '1ms' }],
      },
      {
        id: 'two',
        base_url: `${provider.url}/v1`,
        models: [
          { ...serving(MODEL, ['embeddings']), expected_latency: '60s' },
          serving('sim-mini', ['streaming']),
        ],
      },
    ],
  })
  key = (await gateway.tenant('searching')).key
})

beforeEach(() => {
  first = null
})

afterAll(async () => {
  await gateway[Symbol.asyncDispose]()
  await provider.close()
})

const openai = (apiKey = key) => new OpenAI({ baseURL: `${gateway.url}/v1`, apiKey, maxRetries: 0 })
const post = (body: unknown, apiKey = key) =>
  call<{ error: Record<string, unknown> }>(gateway, 'POST /v1/embeddings', { key: apiKey, body })

/** What the model says without a gateway between. */
async function vectorsOf(texts: readonly string[]): Promise<readonly (readonly number[])[]> {
  const response = await fetch(`${provider.url}/v1/embeddings`, {
    method: 'POST',
    body: JSON.stringify({ model: MODEL, input: texts }),
  })
  const { data } = (await response.json()) as { data: { embedding: number[] }[] }
  return data.map(({ embedding }) => embedding)
}

const close = (vectors: readonly (readonly number[])[]) =>
  vectors.map(vector => vector.map(figure => expect.closeTo(figure, 6)))

describe('embeddings', () => {
  it("come to OpenAI's client, packed or listed, with what was decided and what they cost", async () => {
    const { data, response } = await openai().embeddings.create({ model: MODEL, input: TEXTS }).withResponse()
    expect(gateway.upstream.requests.at(-1)?.body).toMatchObject({ model: MODEL, encoding_format: 'base64' })
    expect(data.data.map(({ embedding }) => embedding)).toEqual(close(await vectorsOf(TEXTS)))
    expect(data.usage).toEqual({ prompt_tokens: TOKENS, total_tokens: TOKENS })
    expect(response.headers.get('x-atp-model')).toBe(`one/${MODEL}`)
    expect(response.headers.get('x-atp-attempts')).toBe('1')
    expect(Number(response.headers.get('x-atp-cost-usd'))).toBeCloseTo(TOKENS / 1e6, 9)
    expect(response.headers.get('x-atp-decision-id')).toMatch(/^[0-9a-f-]{36}$/)
    const listed = await openai().embeddings.create({ model: MODEL, input: TEXTS, encoding_format: 'float' })
    expect(listed.data.map(({ embedding }) => embedding)).toEqual(await vectorsOf(TEXTS))
  })

  it("come to the AI SDK, and to LangChain's OpenAIEmbeddings", async () => {
    const sdk = createOpenAICompatible({ name: 'atp', baseURL: `${gateway.url}/v1`, apiKey: key })
    const expected = close(await vectorsOf(TEXTS))
    const many = await embedMany({ model: sdk.embeddingModel(MODEL), values: TEXTS, maxRetries: 0 })
    expect(many.embeddings).toEqual(expected)
    expect(many.usage.tokens).toBe(TOKENS)
    const one = await embed({ model: sdk.embeddingModel(MODEL), value: TEXTS[0] as string, maxRetries: 0 })
    expect(one.embedding).toEqual(expected[0])
    const langchain = new OpenAIEmbeddings({
      model: MODEL,
      apiKey: key,
      maxRetries: 0,
      configuration: { baseURL: `${gateway.url}/v1` },
    })
    expect(await langchain.embedDocuments(TEXTS)).toEqual(expected)
  })

  it('pass through byte for byte, with what the gateway does not know', async () => {
    const bytes = '{"usage": {"prompt_tokens": 3},  "data":[{"embedding":"AACAPw=="}], "more": "\\u00e9"}\n'
    first = (_request, response) => {
      response.writeHead(200, { 'content-type': 'application/json; charset=utf-8' })
      response.end(bytes)
    }
    const asked = { model: MODEL, input: [[1, 2, 3]], dimensions: 1, user: 'u', input_type: 'query' }
    const { text, headers } = await post({ ...asked, atp: { allow: [`one/${MODEL}`] } })
    expect(text).toBe(bytes)
    expect(headers.get('content-type')).toBe('application/json; charset=utf-8')
    expect(gateway.upstream.requests.at(-1)?.body).toEqual(asked)
  })

  it('are made by the same model elsewhere where one account fails', async () => {
    first = (_request, response) => {
      response.statusCode = 503
      response.end()
    }
    const { data, response } = await openai().embeddings.create({ model: MODEL, input: TEXTS }).withResponse()
    expect(response.headers.get('x-atp-model')).toBe(`two/${MODEL}`)
    expect(response.headers.get('x-atp-attempts')).toBe('2')
    expect(data.data).toHaveLength(TEXTS.length)
  })

  it("are refused in the provider's own words where it finds the request wrong", async () => {
    const refused = openai().embeddings.create({
      model: `two/${MODEL}`,
      input: 'x',
      encoding_format: 'hex' as 'float',
    })
    await expect(refused).rejects.toMatchObject({ status: 400, message: expect.stringContaining("'hex'") })
  })

  it('are of the model that is named: never of auto, never of one that chats', async () => {
    const auto = await openai()
      .embeddings.create({ model: 'auto', input: 'x' })
      .catch(thrown => thrown)
    expect(auto).toBeInstanceOf(OpenAI.BadRequestError)
    expect(auto).toMatchObject({ param: 'model', code: 'invalid_request' })
    expect(auto.message).toContain(`allowed one of one/${MODEL}, two/${MODEL}`)
    const chat = openai().embeddings.create({ model: 'sim-mini', input: 'x' })
    await expect(chat).rejects.toThrow(/two\/sim-mini: does not offer embeddings/)
    await expect(openai().embeddings.create({ model: 'none', input: 'x' })).rejects.toThrow(
      OpenAI.NotFoundError,
    )
  })

  it('are all that their model is good for', async () => {
    const messages = [{ role: 'user' as const, content: 'Hello?' }]
    const pinned = openai().chat.completions.create({ model: MODEL, messages })
    await expect(pinned).rejects.toThrow(/is an embedding model: it answers no chats/)
    const routed = openai().chat.completions.create({ model: 'auto', messages }).withResponse()
    expect((await routed).response.headers.get('x-atp-model')).toBe('two/sim-mini')
  })

  it.each([
    [{ model: MODEL }, 'input'],
    [{ model: MODEL, input: [] }, 'input'],
    [{ model: MODEL, input: ['a', ''] }, 'input'],
    [{ model: MODEL, input: [1, 'a'] }, 'input'],
    [{ model: MODEL, input: 'a', dimensions: 0 }, 'dimensions'],
    [{ input: 'a' }, 'model'],
  ])('are not asked for by %j', async (body, field) => {
    const { status, body: answer } = await post(body)
    expect(status).toBe(400)
    expect(answer.error.param).toContain(field)
  })

  it.each([
    ['tokens', 3 * TOKENS],
    ['cost_usd', (3 * TOKENS) / 1e6],
  ])('are taken from a limit on %s to the last, and no further', async (counts, amount) => {
    const limits = [{ id: 'all', scope: 'tenant', counts, per: 'day', amount }]
    const { key: held } = await gateway.tenant(`held-${counts.replace('_', '-')}`, { limits })
    const ask = () => post({ model: `one/${MODEL}`, input: [Array.from({ length: TOKENS }, () => 7)] }, held)
    // As many tokens are reserved as were sent, and as many billed.
    first = (_request, response) => {
      response.setHeader('content-type', 'application/json')
      response.end(JSON.stringify({ data: [], usage: { prompt_tokens: TOKENS, total_tokens: TOKENS } }))
    }
    const answers = await Promise.all(Array.from({ length: 8 }, ask))
    const statuses = answers.map(({ status }) => status).sort()
    expect(statuses).toEqual([200, 200, 200, 429, 429, 429, 429, 429])
    const { body } = await ask()
    expect(body.error).toMatchObject({ code: 'quota_exceeded', limit: { counts, used: amount, reserved: 0 } })
  })

  it('are in the usage, the metrics and the list of models', async () => {
    const { key: counted } = await gateway.tenant('counted')
    const { headers } = await post({ model: MODEL, input: TEXTS }, counted)
    const { body } = await gateway.admin<{ data: readonly object[] }>('GET /admin/v1/usage?tenant=counted')
    expect(body.data).toMatchObject([
      {
        model: expect.stringMatching(MODEL),
        calls: 1,
        input_tokens: TOKENS,
        output_tokens: 0,
        cost_usd: TOKENS / 1e6,
      },
    ])
    const feedback = { decision_id: headers.get('x-atp-decision-id'), quality: 1 }
    const observed = await call(gateway, 'POST /v1/observe', { key: counted, body: feedback })
    expect(observed.status, observed.text).toBe(202)
    const metrics = await call(gateway, 'GET /metrics', { key: null })
    expect(metrics.text).toMatch(/atp_requests_total\{endpoint="\/v1\/embeddings",status="2xx"\} \d+/)
    const model = await openai().models.retrieve(`one/${MODEL}`)
    expect(model).toMatchObject({ atp: { capabilities: ['embeddings'] } })
    const { body: openapi } = await call<{ paths: object }>(gateway, 'GET /openapi.json', { key: null })
    expect(Object.keys(openapi.paths)).toContain('/v1/embeddings')
  })
})
