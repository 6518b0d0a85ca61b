/** From OpenAI's words to each provider's, and what has none there. */
import { Secret } from '@atp/core/secret'
import type { ChatBody } from '@atp/domain/adapter'
import { startWireServer, WIRES, type WireAnswer } from '@atp/simulated-provider/wires'
import { describe, expect, it } from 'vitest'
import { call, failureOf, readAll } from '../support/provider-under-test.ts'
import { readChunks } from './chunks-read.ts'
import { HELLO, type KindUnderTest, TRANSLATED, WEATHER, WEATHER_TOOL } from './kinds.ts'

const kindOf = (name: string) => TRANSLATED.find(kind => kind.name === name) as KindUnderTest
const anthropic = kindOf('anthropic')
const google = kindOf('google')
const bedrock = kindOf('bedrock')
const cohere = kindOf('cohere')

/** What was sent for a body; its answer is read, so that nothing is left open. */
async function sentBy(kind: KindUnderTest, body: object, answer: WireAnswer = HELLO) {
  await using server = await startWireServer(kind.wire, () => ({ answer }))
  await using provider = kind.provider(server.baseUrl)
  const completion = await provider.complete(call({ ...body }, { upstreamModel: kind.model }))
  // biome-ignore lint/suspicious/noExplicitAny: looked into by paths that fail where they are wrong
  return { body: server.received[0]?.body as any, completion, headers: server.received[0]?.headers ?? {} }
}

/** The fields that a body was refused for, before anything was sent. */
async function refusedOf(kind: KindUnderTest, body: object, stream = false): Promise<string[]> {
  await using server = await startWireServer(kind.wire, () => ({ answer: HELLO }))
  await using provider = kind.provider(server.baseUrl)
  const made = call({ ...body }, { upstreamModel: kind.model })
  const failure = await failureOf(stream ? provider.stream(made) : provider.complete(made))
  expect(failure.failure).toBe('unsupported')
  expect(server.received).toEqual([])
  return failure.problems.map(({ field }) => field)
}

const USER = { role: 'user', content: 'Where?' }

describe('what no kind has words for', () => {
  const refused: readonly [field: string, body: Partial<ChatBody>][] = [
    ['n', { n: 2 }],
    ['logprobs', { logprobs: true }],
    ['logit_bias', { logit_bias: { 50256: -100 } }],
    ['modalities', { modalities: ['text', 'audio'] }],
    ['audio', { audio: { voice: 'alloy', format: 'wav' } }],
    ['functions', { functions: [{ name: 'f' }] }],
    ['web_search_options', { web_search_options: {} }],
    ['temperature', { temperature: 'hot' }],
    ['stop', { stop: [1] }],
    ['reasoning_effort', { reasoning_effort: 'much' }],
    ['response_format.type', { response_format: { type: 'grammar' } }],
    ['tools[0].type', { tools: [{ type: 'custom', custom: { name: 'f' } }] }],
    ['tool_choice', { tool_choice: 'required' }],
    ['messages[0].role', { messages: [{ role: 'function', content: 'x' }] }],
    ['messages[0].name', { messages: [{ ...USER, name: 'Ada' }] }],
    [
      'messages[0].content[0].type',
      { messages: [{ role: 'user', content: [{ type: 'input_audio', input_audio: {} }] }] },
    ],
    [
      'messages[0].content[0].image_url.detail',
      {
        messages: [
          {
            role: 'user',
            content: [{ type: 'image_url', image_url: { url: 'data:image/png;base64,AA==', detail: 'low' } }],
          },
        ],
      },
    ],
    ['messages[1].tool_call_id', { messages: [USER, { role: 'tool', tool_call_id: 'c', content: 'x' }] }],
  ]

  it.each(refused)('is refused before anything is sent: %s', async (field, body) => {
    for (const kind of TRANSLATED) expect(await refusedOf(kind, body)).toEqual([field])
  })

  it('is refused all at once, without a word of the prompt', async () => {
    await using server = await startWireServer(anthropic.wire, () => ({ answer: HELLO }))
    await using provider = anthropic.provider(server.baseUrl)
    const body = { n: 3, logprobs: true, secret_field: 'a prompt in disguise' }
    const { problems, message } = await failureOf(provider.complete(call(body)))
    expect(problems).toEqual([
      { field: 'n', found: '3', allowed: '1: one choice an answer' },
      { field: 'logprobs', found: 'true', allowed: 'false: this upstream tells no probabilities' },
      { field: 'secret_field', found: 'a text', allowed: 'nothing: this upstream has no such field' },
    ])
    expect(message).not.toContain('disguise')
  })

  it('is not what says who asks, or asks for what happens anyway', async () => {
    const harmless = {
      user: 'u',
      metadata: { a: 'b' },
      n: 1,
      logprobs: false,
      logit_bias: {},
      store: false,
      service_tier: 'auto',
      audio: null,
      parallel_tool_calls: true,
      presence_penalty: 0,
      frequency_penalty: 0,
      stream_options: null,
    }
    for (const kind of TRANSLATED)
      expect((await sentBy(kind, harmless)).completion.text).toBe('Hello, wörld.')
  })
})

describe('what one kind has no words for', () => {
  it.each([false, true])('is what its SDK would leave out; streamed: %s', async stream => {
    expect(await refusedOf(anthropic, { seed: 7, presence_penalty: 0.5 }, stream)).toEqual([
      'presence_penalty',
      'seed',
    ])
    expect(await refusedOf(anthropic, { temperature: 1.5 }, stream)).toEqual(['temperature'])
    expect(await refusedOf(anthropic, { response_format: { type: 'json_object' } }, stream)).toEqual([
      'response_format',
    ])
    expect(await refusedOf(bedrock, { seed: 7 }, stream)).toEqual(['seed'])
  })

  it('is told with why, and without what its SDK would have done about it', async () => {
    await using server = await startWireServer(anthropic.wire, () => ({ answer: HELLO }))
    await using provider = anthropic.provider(server.baseUrl)
    const problemsOf = async (upstreamModel: string, body: object) =>
      (await failureOf(provider.complete(call({ ...body }, { upstreamModel })))).problems
    expect(await problemsOf(anthropic.model, { temperature: 1.5 })).toEqual([
      {
        field: 'temperature',
        found: '1.5',
        allowed: 'another value, or none: 1.5 exceeds anthropic maximum of 1.0',
      },
    ])
    expect(await problemsOf('claude-opus-4-7', { temperature: 0.2 })).toEqual([
      {
        field: 'temperature',
        found: '0.2',
        allowed: 'another value, or none: temperature is not supported by claude-opus-4-7',
      },
    ])
  })

  it('is what the kind cannot hold a model to', async () => {
    for (const kind of [google, bedrock, cohere]) {
      const one = { tools: [WEATHER_TOOL], parallel_tool_calls: false }
      expect(await refusedOf(kind, one)).toEqual(['parallel_tool_calls'])
    }
    const strict = { ...WEATHER_TOOL, function: { ...WEATHER_TOOL.function, strict: true } }
    expect(await refusedOf(cohere, { tools: [strict] })).toEqual(['tools[0].function.strict'])
  })

  it('is an address that its upstream would not fetch', async () => {
    const content = [{ type: 'image_url', image_url: { url: 'https://pictures.example/cat.png' } }]
    const messages = [{ role: 'user', content }]
    expect(await refusedOf(bedrock, { messages })).toEqual(['messages'])
    const { body } = await sentBy(anthropic, { messages })
    expect(body.messages[0].content[0].source).toEqual({
      type: 'url',
      url: 'https://pictures.example/cat.png',
    })
  })

  it('is text beside calls of tools, for cohere', async () => {
    const messages = [
      USER,
      {
        role: 'assistant',
        content: 'I look it up.',
        tool_calls: [{ id: 'c', type: 'function', function: { name: 'weather', arguments: '{}' } }],
      },
      { role: 'tool', tool_call_id: 'c', content: 'Rain.' },
    ]
    expect(await refusedOf(cohere, { messages, tools: [WEATHER_TOOL] })).toEqual(['messages[1].content'])
    const { body } = await sentBy(anthropic, { messages, tools: [WEATHER_TOOL] })
    expect(body.messages[1].content.map(({ type }: { type: string }) => type)).toEqual(['text', 'tool_use'])
  })

  it('is a mark for caching', async () => {
    const content = [{ type: 'text', text: 'long', cache_control: { type: 'ephemeral' } }]
    for (const kind of [google, cohere]) {
      expect(await refusedOf(kind, { messages: [{ role: 'user', content }] })).toEqual([
        'messages[0].content[0].cache_control',
      ])
    }
  })
})

describe('what is translated', () => {
  const MARKED = [
    { role: 'system', content: [{ type: 'text', text: 'Rules.', cache_control: { type: 'ephemeral' } }] },
    {
      role: 'user',
      content: [
        { type: 'text', text: 'Book.', cache_control: { type: 'ephemeral', ttl: '1h' } },
        { type: 'text', text: 'Question?' },
      ],
    },
  ]

  it('marks for caching, at the very part', async () => {
    const claude = (await sentBy(anthropic, { messages: MARKED })).body
    expect(claude.system).toEqual([{ type: 'text', text: 'Rules.', cache_control: { type: 'ephemeral' } }])
    expect(claude.messages).toEqual([
      {
        role: 'user',
        content: [
          { type: 'text', text: 'Book.', cache_control: { type: 'ephemeral', ttl: '1h' } },
          { type: 'text', text: 'Question?' },
        ],
      },
    ])
    const nova = (await sentBy(bedrock, { messages: MARKED })).body
    expect(nova.system).toEqual([{ text: 'Rules.' }, { cachePoint: { type: 'default' } }])
    expect(nova.messages[0].content).toEqual([
      { text: 'Book.' },
      { cachePoint: { type: 'default', ttl: '1h' } },
      { text: 'Question?' },
    ])
  })

  it('settings, tools and the choice among them', async () => {
    const asked = {
      max_completion_tokens: 64,
      temperature: 0.3,
      stop: 'END',
      tools: [WEATHER_TOOL],
      tool_choice: { type: 'function', function: { name: 'weather' } },
    }
    expect((await sentBy(anthropic, { ...asked, parallel_tool_calls: false }, WEATHER)).body).toMatchObject({
      max_tokens: 64,
      temperature: 0.3,
      stop_sequences: ['END'],
      tools: [{ name: 'weather', description: 'The weather of a city.' }],
      tool_choice: { type: 'tool', name: 'weather', disable_parallel_tool_use: true },
    })
    expect((await sentBy(google, { ...asked, top_p: 0.9, seed: 7 }, WEATHER)).body).toMatchObject({
      generationConfig: { maxOutputTokens: 64, temperature: 0.3, topP: 0.9, seed: 7, stopSequences: ['END'] },
      toolConfig: { functionCallingConfig: { mode: 'ANY', allowedFunctionNames: ['weather'] } },
    })
    expect((await sentBy(bedrock, asked, WEATHER)).body).toMatchObject({
      inferenceConfig: { maxTokens: 64, temperature: 0.3, stopSequences: ['END'] },
      toolConfig: { toolChoice: { tool: { name: 'weather' } } },
    })
    expect((await sentBy(cohere, { ...asked, seed: 7, frequency_penalty: 0.5 }, WEATHER)).body).toMatchObject(
      {
        max_tokens: 64,
        seed: 7,
        frequency_penalty: 0.5,
        stop_sequences: ['END'],
        tool_choice: 'REQUIRED',
      },
    )
  })

  it('a schema for the answer', async () => {
    const schema = {
      type: 'object',
      properties: { city: { type: 'string' } },
      required: ['city'],
      additionalProperties: false,
    }
    const response_format = { type: 'json_schema', json_schema: { name: 'place', schema, strict: true } }
    const json = { ...HELLO, text: ['{"city":', '"Ulm"}'] }
    const { body, completion } = await sentBy(anthropic, { response_format }, json)
    expect(body.output_config.format).toMatchObject({ type: 'json_schema', schema })
    expect(completion.text).toBe('{"city":"Ulm"}')
    expect((await sentBy(google, { response_format }, json)).body.generationConfig).toMatchObject({
      responseMimeType: 'application/json',
    })
  })

  it('the lowest of the limits on an answer, and one where the upstream must be told', async () => {
    await using server = await startWireServer(anthropic.wire, () => ({ answer: HELLO }))
    await using provider = anthropic.provider(server.baseUrl, {
      outputLimits: new Map([['claude-of-tomorrow', 2048]]),
    })
    const tomorrow = { upstreamModel: 'claude-of-tomorrow' }
    await provider.complete(call({}, tomorrow))
    await provider.complete(call({ max_tokens: 100 }, tomorrow))
    await provider.complete(call({ max_tokens: 100 }, { ...tomorrow, maxOutputTokens: 30 }))
    expect(server.received.map(({ body }) => body.max_tokens)).toEqual([2048, 100, 30])
  })

  it("a call's signature, there and back", async () => {
    const { completion } = await sentBy(google, { tools: [WEATHER_TOOL] }, WEATHER)
    const { message } = JSON.parse(completion.bytes.toString()).choices[0]
    expect(message.tool_calls[0].extra_content).toEqual({ google: { thought_signature: 'c2lnbmF0dXJl' } })
    const results = message.tool_calls.map(({ id }: { id: string }) => ({
      role: 'tool',
      tool_call_id: id,
      content: 'Rain.',
    }))
    const { body } = await sentBy(google, { tools: [WEATHER_TOOL], messages: [USER, message, ...results] })
    expect(body.contents[1].parts[0]).toMatchObject({ thoughtSignature: 'c2lnbmF0dXJl' })
    expect(body.contents[2].parts).toHaveLength(2)
  })

  it('reasoning, as reasoning_content', async () => {
    const thoughtful = { ...HELLO, reasoning: ['Let me ', 'think.'] }
    for (const kind of TRANSLATED) {
      const { completion } = await sentBy(kind, {}, thoughtful)
      const { message } = JSON.parse(completion.bytes.toString()).choices[0]
      expect(message).toMatchObject({ content: 'Hello, wörld.', reasoning_content: 'Let me think.' })
      await using server = await startWireServer(kind.wire, () => ({ answer: thoughtful }))
      await using provider = kind.provider(server.baseUrl)
      const stream = await provider.stream(call({ stream: true }, { upstreamModel: kind.model }))
      expect(readChunks(await readAll(stream))).toMatchObject({
        reasoning: 'Let me think.',
        text: 'Hello, wörld.',
      })
    }
  })

  it('a refusal', async () => {
    const { completion } = await sentBy(anthropic, {}, { ...HELLO, finish: 'refusal' })
    expect(completion).toMatchObject({ refused: true, finishReason: 'content_filter' })
    expect((await sentBy(anthropic, {}, { ...HELLO, finish: 'length' })).completion.finishReason).toBe(
      'length',
    )
  })
})

describe('an account', () => {
  it('of AWS may sign its calls, whatever the environment holds', async () => {
    process.env.AWS_BEARER_TOKEN_BEDROCK = 'of-somebody-else'
    try {
      await using server = await startWireServer(WIRES.bedrock, () => ({ answer: HELLO }))
      await using provider = bedrock.provider(server.baseUrl, {
        apiKey: null,
        signing: {
          accessKeyId: new Secret('AKIASIMULATED'),
          secretAccessKey: new Secret('very/secret'),
          sessionToken: new Secret('passing'),
        },
      })
      await provider.complete(call({}, { upstreamModel: bedrock.model }))
      const headers = server.received[0]?.headers ?? {}
      expect(headers.authorization).toMatch(
        /^AWS4-HMAC-SHA256 Credential=AKIASIMULATED\/\d{8}\/eu-central-1\/bedrock\/aws4_request/,
      )
      expect(headers['x-amz-security-token']).toBe('passing')
    } finally {
      delete process.env.AWS_BEARER_TOKEN_BEDROCK
    }
  })

  it('of Google whose key is wrong is told so by a 400', async () => {
    const message = 'API key not valid. API_KEY_INVALID'
    await using server = await startWireServer(WIRES.google, () => ({ status: 400, message }))
    await using provider = google.provider(server.baseUrl)
    const failure = await failureOf(provider.complete(call({}, { upstreamModel: google.model })))
    expect(failure).toMatchObject({ failure: 'unauthorized', status: 401 })
  })

  it('sends its further headers with every call', async () => {
    await using server = await startWireServer(WIRES.anthropic, () => ({ answer: HELLO }))
    await using provider = anthropic.provider(server.baseUrl, { headers: { 'Anthropic-Beta': 'one' } })
    await provider.complete(call({}, { upstreamModel: anthropic.model }))
    expect(server.received[0]?.headers['anthropic-beta']).toBe('one')
  })
})
