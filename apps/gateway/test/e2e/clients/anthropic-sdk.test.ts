import Anthropic from '@anthropic-ai/sdk'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { SimulatedSetup } from '../../support/simulated.ts'

let setup: SimulatedSetup
let anthropic: Anthropic

beforeAll(async () => {
  setup = await SimulatedSetup.start()
  // What a user changes in an existing app: the base URL, and nothing else.
  anthropic = new Anthropic({ baseURL: setup.gateway.url, apiKey: 'unused', maxRetries: 0 })
})

afterAll(() => setup[Symbol.asyncDispose]())

const messages = [{ role: 'user' as const, content: 'What is 17 * 23?' }]
const tools = [
  {
    name: 'get_weather',
    input_schema: {
      type: 'object' as const,
      properties: { city: { type: 'string' as const } },
      required: ['city'],
    },
  },
]

const textOf = ({ content }: Anthropic.Message): string =>
  content.map(block => (block.type === 'text' ? block.text : '')).join('')

describe('the Anthropic client, with only its base URL replaced', () => {
  it('gets a message from a model that the gateway picked', async () => {
    const { data, response } = await anthropic.messages
      .create({ model: 'auto', max_tokens: 500, system: 'Be brief.', messages })
      .withResponse()
    expect(textOf(data)).toContain('simulated')
    expect(data).toMatchObject({ type: 'message', role: 'assistant', stop_reason: 'end_turn' })
    expect(data.usage.output_tokens).toBeGreaterThan(0)
    expect(data.model).toMatch(/^(alpha|beta)\//)
    expect(response.headers.get('x-atp-decision-id')).toBe(response.headers.get('request-id'))
    expect(response.headers.get('request-id')).toBe(data.id)
  })

  it('streams one, which is put together from its events', async () => {
    const stream = anthropic.messages.stream({ model: 'auto', max_tokens: 500, messages })
    let heard = ''
    stream.on('text', text => {
      heard += text
    })
    const message = await stream.finalMessage()
    expect(heard).toContain('simulated')
    expect(textOf(message)).toBe(heard)
    expect(message.stop_reason).toBe('end_turn')
    expect(message.usage.input_tokens).toBeGreaterThan(0)
    expect(message.usage.output_tokens).toBeGreaterThan(0)
  })

  it('says where an answer was cut by its limit', async () => {
    const message = await anthropic.messages.create({ model: 'auto', max_tokens: 1, messages })
    expect(message.stop_reason).toBe('max_tokens')
  })

  it.each(['whole', 'streamed'])('calls tools, %s, and answers to what they gave', async form => {
    const request = {
      model: 'auto',
      max_tokens: 500,
      messages: [{ role: 'user' as const, content: 'What is the weather in Oslo?' }],
      tools,
      tool_choice: { type: 'tool' as const, name: 'get_weather' },
    }
    const called =
      form === 'whole'
        ? await anthropic.messages.create(request)
        : await anthropic.messages.stream(request).finalMessage()
    expect(called.stop_reason).toBe('tool_use')
    const use = called.content.find(block => block.type === 'tool_use')
    expect(use).toMatchObject({ name: 'get_weather', input: { city: expect.any(String) } })
    const answer = await anthropic.messages.create({
      model: 'auto',
      max_tokens: 500,
      tools,
      tool_choice: { type: 'none' },
      messages: [
        ...request.messages,
        { role: 'assistant', content: called.content },
        {
          role: 'user',
          content: [{ type: 'tool_result', tool_use_id: use?.id as string, content: '-3 degrees' }],
        },
      ],
    })
    expect(textOf(answer)).toContain('simulated')
  })

  it('counts tokens', async () => {
    const { input_tokens } = await anthropic.messages.countTokens({ model: 'auto', messages })
    expect(input_tokens).toBeGreaterThan(5)
  })

  it('aborts a stream', async () => {
    const stream = await anthropic.messages.create({ model: 'auto', max_tokens: 500, messages, stream: true })
    for await (const _event of stream) stream.controller.abort()
    expect(stream.controller.signal.aborted).toBe(true)
  })

  it('gets its own error classes, and is told what cannot be translated', async () => {
    const create = (request: object) =>
      anthropic.messages.create({ model: 'auto', max_tokens: 5, messages, ...request })
    await expect(create({ model: 'gpt-99' })).rejects.toThrow(Anthropic.NotFoundError)
    await expect(create({ messages: [] })).rejects.toThrow(Anthropic.BadRequestError)
    await expect(create({ top_k: 5 })).rejects.toThrow(/top_k/)
    await expect(
      create({ tools: [{ type: 'web_search_20250305', name: 'web_search' }] }),
    ).rejects.toMatchObject({
      status: 400,
      error: {
        type: 'error',
        error: { type: 'invalid_request_error', message: expect.stringMatching(/tools\[0\]\.type/) },
      },
    })
  })
})
