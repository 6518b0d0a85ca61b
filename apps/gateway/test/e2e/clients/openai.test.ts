import OpenAI from 'openai'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { SimulatedSetup } from '../../support/simulated.ts'

let setup: SimulatedSetup
let openai: OpenAI

beforeAll(async () => {
  setup = await SimulatedSetup.start()
  // What a user changes in an existing app: the base URL, and nothing else.
  openai = new OpenAI({ baseURL: `${setup.gateway.url}/v1`, apiKey: 'unused', maxRetries: 0 })
})

afterAll(() => setup[Symbol.asyncDispose]())

const messages = [{ role: 'user' as const, content: 'What is 17 * 23?' }]

describe('the openai client, with only its base URL replaced', () => {
  it('gets a chat completion from a model that the gateway picked', async () => {
    const { data, response } = await openai.chat.completions
      .create({ model: 'auto', messages })
      .withResponse()
    expect(data.choices[0]?.message.content).toContain('simulated')
    expect(data.usage?.completion_tokens).toBeGreaterThan(0)
    expect(response.headers.get('x-atp-model')).toMatch(/^(alpha|beta)\//)
    expect(response.headers.get('x-atp-decision-id')).toMatch(/^[0-9a-f-]{36}$/)
    expect(Number(response.headers.get('x-atp-cost-usd'))).toBeGreaterThan(0)
  })

  it('streams one, and gets the usage when it asks for it', async () => {
    const stream = await openai.chat.completions.create({
      model: 'auto',
      messages,
      stream: true,
      stream_options: { include_usage: true },
    })
    let text = ''
    let usage: unknown = null
    for await (const chunk of stream) {
      text += chunk.choices[0]?.delta.content ?? ''
      usage = chunk.usage ?? usage
    }
    expect(text).toContain('simulated')
    expect(usage).toMatchObject({ completion_tokens: expect.any(Number) })
  })

  it('streams without a usage chunk when it does not ask', async () => {
    const stream = await openai.chat.completions.create({ model: 'auto', messages, stream: true })
    for await (const chunk of stream) {
      expect(chunk.choices.length).toBeGreaterThan(0)
      expect(chunk.usage ?? null).toBeNull()
    }
  })

  it('calls tools', async () => {
    const completion = await openai.chat.completions.create({
      model: 'auto',
      messages: [{ role: 'user', content: 'What is the weather in Oslo?' }],
      tools: [
        {
          type: 'function',
          function: {
            name: 'get_weather',
            parameters: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] },
          },
        },
      ],
      tool_choice: { type: 'function', function: { name: 'get_weather' } },
    })
    const [call] = completion.choices[0]?.message.tool_calls ?? []
    expect(call).toMatchObject({ type: 'function', function: { name: 'get_weather' } })
  })

  it('gets JSON when it asks for JSON', async () => {
    const completion = await openai.chat.completions.create({
      model: 'auto',
      messages,
      response_format: { type: 'json_object' },
    })
    expect(JSON.parse(completion.choices[0]?.message.content as string)).toBeTypeOf('object')
  })

  it('gets an object of a schema, parsed', async () => {
    const completion = await openai.chat.completions.parse({
      model: 'auto',
      messages,
      response_format: {
        type: 'json_schema',
        json_schema: {
          name: 'place',
          strict: true,
          schema: {
            type: 'object',
            properties: { city: { type: 'string' } },
            required: ['city'],
            additionalProperties: false,
          },
        },
      },
    })
    expect(JSON.parse(completion.choices[0]?.message.content as string)).toEqual({ city: expect.any(String) })
  })

  it('pins a model by its arm, or by its name', async () => {
    for (const model of ['alpha/sim-nano', 'sim-nano']) {
      const { response } = await openai.chat.completions.create({ model, messages }).withResponse()
      expect(response.headers.get('x-atp-model')).toBe('alpha/sim-nano')
    }
  })

  it('aborts a stream', async () => {
    const stream = await openai.chat.completions.create({ model: 'auto', messages, stream: true })
    for await (const _chunk of stream) stream.controller.abort()
    expect(stream.controller.signal.aborted).toBe(true)
  })

  it('gets its own error classes', async () => {
    await expect(openai.chat.completions.create({ model: 'gpt-99', messages })).rejects.toThrow(
      OpenAI.NotFoundError,
    )
    await expect(openai.chat.completions.create({ model: 'auto', messages: [] })).rejects.toThrow(
      OpenAI.BadRequestError,
    )
    const unaffordable = { model: 'auto', messages, atp: { max_cost_usd: 0 } }
    await expect(openai.chat.completions.create(unaffordable)).rejects.toThrow(
      OpenAI.UnprocessableEntityError,
    )
  })

  it('lists the models, auto first, and retrieves one', async () => {
    const models = await openai.models.list()
    expect(models.data[0]?.id).toBe('auto')
    expect(models.data.map(model => model.id)).toContain('alpha/sim-nano')
    expect(await openai.models.retrieve('alpha/sim-nano')).toMatchObject({
      id: 'alpha/sim-nano',
      object: 'model',
    })
  })
})
