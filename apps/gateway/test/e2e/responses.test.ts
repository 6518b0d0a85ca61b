/** OpenAI's Responses pass through to models whose adapter speaks them, by the real client. The upstream's wire format is documented, not recorded. */
import { type SimulatedProvider, startSimulatedProvider } from '@atp/simulated-provider'
import OpenAI from 'openai'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { call, KeyedGateway } from '../support/keyed-gateway.ts'

const MODEL = 'sim-mini'
const INPUT = 'What is 17 * 23?'

let provider: SimulatedProvider
let gateway: KeyedGateway
let key: string

const serving = (name: string, differs: object = {}) => ({
  name,
  input_usd_per_mtok: 1,
  output_usd_per_mtok: 2,
  ...differs,
})

beforeAll(async () => {
  provider = await startSimulatedProvider({ timeScale: 0 })
  gateway = await KeyedGateway.start({
    // An account that always fails.
    script: (_request, response) => {
      response.statusCode = 503
      response.end()
    },
    adapters: broken => [
      { id: 'one', base_url: `${provider.url}/v1`, responses: true, models: [serving(MODEL)] },
      { id: 'two', base_url: `${provider.url}/v1`, models: [serving(MODEL), serving('sim-chat')] },
      {
        id: 'broken',
        base_url: broken,
        responses: true,
        models: [serving('sim-large', { expected_latency: '1ms' })],
      },
      {
        id: 'spare',
        base_url: `${provider.url}/v1`,
        responses: true,
        models: [
          serving('sim-large', { expected_latency: '60s' }),
          serving('texts', { capabilities: ['embeddings'] }),
        ],
      },
    ],
  })
  key = (await gateway.tenant('responding')).key
})

beforeEach(() => provider.control.setModel(MODEL, {}))

afterAll(async () => {
  await gateway[Symbol.asyncDispose]()
  await provider.close()
})

const openai = (apiKey = key) => new OpenAI({ baseURL: `${gateway.url}/v1`, apiKey, maxRetries: 0 })
const failed = (outcome: Promise<unknown>) =>
  outcome.then(
    () => expect.unreachable(),
    thrown => thrown,
  )

describe('a response', () => {
  it("comes to OpenAI's client with what was decided and what it cost", async () => {
    const { data, response } = await openai()
      .responses.create({ model: MODEL, input: INPUT, instructions: 'Be brief.' })
      .withResponse()
    expect(data.output_text).toContain('simulated')
    const { input_tokens = 0, output_tokens = 0 } = data.usage ?? {}
    expect(output_tokens).toBeGreaterThan(0)
    expect(response.headers.get('x-atp-model')).toBe(`one/${MODEL}`)
    expect(Number(response.headers.get('x-atp-cost-usd'))).toBeCloseTo(
      (input_tokens + 2 * output_tokens) / 1e6,
      9,
    )
  })

  it('is streamed event by event, and billed by what its last event says', async () => {
    const { key: streaming } = await gateway.tenant('streaming')
    const stream = await openai(streaming).responses.create({ model: MODEL, input: INPUT, stream: true })
    const types: string[] = []
    let text = ''
    let usage: OpenAI.Responses.ResponseUsage | undefined
    for await (const event of stream) {
      types.push(event.type)
      if (event.type === 'response.output_text.delta') text += event.delta
      if (event.type === 'response.completed') usage = event.response.usage
    }
    expect(types.slice(0, 2)).toEqual(['response.created', 'response.in_progress'])
    expect(types.at(-1)).toBe('response.completed')
    expect(text).toContain('simulated')
    const { body } = await gateway.admin<{ data: readonly object[] }>('GET /admin/v1/usage?tenant=streaming')
    expect(body.data).toMatchObject([
      {
        model: `one/${MODEL}`,
        calls: 1,
        input_tokens: usage?.input_tokens,
        output_tokens: usage?.output_tokens,
      },
    ])
  })

  it('is made by the same model elsewhere where one account fails', async () => {
    const ask = openai().responses.create({ model: 'sim-large', input: INPUT, stream: true }).withResponse()
    const { data, response } = await ask
    for await (const event of data) expect(event.type).toMatch(/^response\./)
    expect(response.headers.get('x-atp-model')).toBe('spare/sim-large')
    expect(response.headers.get('x-atp-attempts')).toBe('2')
  })

  it('that breaks off amid its stream ends with an error, and is billed for what came', async () => {
    const { key: cut } = await gateway.tenant('cut')
    provider.control.setModel(MODEL, { cut_stream_after: 3 })
    const stream = await openai(cut).responses.create({ model: MODEL, input: INPUT, stream: true })
    const read = async () => {
      for await (const _event of stream);
    }
    expect(await failed(read())).toMatchObject({ code: 'upstream_failed' })
    const { body } = await gateway.admin<{ data: { output_tokens: number }[] }>(
      'GET /admin/v1/usage?tenant=cut',
    )
    expect(body.data).toHaveLength(1)
    expect(body.data[0]?.output_tokens).toBeGreaterThan(0)
  })

  it('is taken from a limit on tokens', async () => {
    const limits = [{ id: 'few', scope: 'tenant', counts: 'tokens', per: 'day', amount: 150 }]
    const { key: held } = await gateway.tenant('held', { limits, reserve: 'bound' })
    const request = { model: MODEL, input: INPUT, max_output_tokens: 40 }
    let used = 0
    const refused = await failed(
      (async () => {
        for (;;) used += (await openai(held).responses.create(request)).usage?.total_tokens ?? 0
      })(),
    )
    expect(used).toBeGreaterThan(0)
    expect(refused).toMatchObject({ status: 429, error: { limit: { limit: 150, used, reserved: 0 } } })
  })

  it.each(['auto', `two/${MODEL}`, 'sim-chat', 'spare/texts', 'none'])(
    'is of no other model than one whose adapter speaks them: not of %s',
    async model => {
      const error = await failed(openai().responses.create({ model, input: INPUT }))
      expect(error).toBeInstanceOf(OpenAI.NotFoundError)
      expect(error).toMatchObject({ param: 'model', code: 'unknown_model' })
      expect(error.message).toContain(`one of one/${MODEL}, broken/sim-large, spare/sim-large`)
    },
  )

  it.each([
    { previous_response_id: 'resp_1' },
    { conversation: 'conv_1' },
    { store: true },
    { background: true },
  ])('is not kept, so that %j is not there', async asked => {
    const error = await failed(openai().responses.create({ model: MODEL, input: INPUT, ...asked }))
    expect(error).toMatchObject({ status: 404, code: 'not_found', param: Object.keys(asked)[0] })
    expect(error.message).toContain('responses are not kept here')
  })

  it('cannot be fetched, deleted or cancelled later', async () => {
    const { responses } = openai()
    for (const later of [
      responses.retrieve('resp_1'),
      responses.delete('resp_1'),
      responses.cancel('resp_1'),
      responses.inputItems.list('resp_1').then(page => page),
    ]) {
      const error = await failed(later)
      expect(error).toBeInstanceOf(OpenAI.NotFoundError)
      expect(error.message).toContain('only POST /v1/responses is served')
    }
    const { status } = await call(gateway, 'GET /v1/responses/resp_1', { key: null })
    expect(status).toBe(401)
  })

  it('is what the upstream made, and the list of models says who makes them', async () => {
    const body = { model: MODEL, input: INPUT, metadata: { a: 'b' } }
    const [passed, direct] = await Promise.all([
      call<{ output: unknown }>(gateway, 'POST /v1/responses', {
        key,
        body: { ...body, model: `one/${MODEL}` },
      }),
      call<{ output: readonly { content: unknown }[] }>({ url: provider.url }, 'POST /v1/responses', {
        key: null,
        body,
      }),
    ])
    expect(passed.body.output).toMatchObject([{ content: direct.body.output[0]?.content }])
    const model = await openai().models.retrieve(`one/${MODEL}`)
    expect(model).toMatchObject({ atp: { capabilities: expect.arrayContaining(['responses']) } })
  })
})
