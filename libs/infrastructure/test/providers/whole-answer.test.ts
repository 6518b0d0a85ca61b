import { inspect } from 'node:util'
import { ManualClock } from '@atp/core/clock'
import { milliseconds } from '@atp/core/units'
import { UpstreamError } from '@atp/domain/adapter'
import { countPromptTokens, countTokens } from '@atp/infrastructure/providers'
import { describe, expect, it } from 'vitest'
import { API_KEY, call, failureOf, PROMPT, providerFor } from './support/provider-under-test.ts'
import { json, ScriptedUpstream } from './support/scripted-upstream.ts'

const answer = (rest: object = {}) => ({
  id: 'chatcmpl-1',
  object: 'chat.completion',
  choices: [{ index: 0, message: { role: 'assistant', content: 'Hello!' }, finish_reason: 'stop' }],
  usage: { prompt_tokens: 9, completion_tokens: 3, total_tokens: 12 },
  ...rest,
})

const toolCalls = [
  { id: 'c', type: 'function', function: { name: 'weather', arguments: '{"city":"Paris"}' } },
]

describe('a whole answer', () => {
  it("keeps the upstream's bytes and says what is in them", async () => {
    const bytes =
      '{ "choices" : [ {"message":{"content":"Grüße 👋"},"finish_reason":"length"} ],\n "usage":{"prompt_tokens":1,"completion_tokens":2}, "x":null }'
    await using upstream = await ScriptedUpstream.start(response => {
      response.writeHead(200, { 'content-type': 'application/json; charset=utf-8' })
      // Cut inside of a character.
      const raw = Buffer.from(bytes)
      const cut = raw.indexOf('👋') + 2
      response.write(raw.subarray(0, cut))
      setImmediate(() => response.end(raw.subarray(cut)))
    })
    await using provider = providerFor(upstream)
    const completion = await provider.complete(call())
    expect(completion).toEqual({
      contentType: 'application/json; charset=utf-8',
      bytes: Buffer.from(bytes),
      text: 'Grüße 👋',
      finishReason: 'length',
      refused: false,
      usage: { inputTokens: 1, outputTokens: 2, estimated: false },
    })
  })

  it('has no text where the model calls tools', async () => {
    await using upstream = await ScriptedUpstream.start(response => {
      json(
        response,
        answer({
          choices: [{ message: { content: null, tool_calls: toolCalls }, finish_reason: 'tool_calls' }],
        }),
      )
    })
    await using provider = providerFor(upstream)
    const { text, finishReason } = await provider.complete(call())
    expect({ text, finishReason }).toEqual({ text: null, finishReason: 'tool_calls' })
  })

  it.each([
    [
      'zero counts',
      { prompt_tokens: 0, completion_tokens: 0 },
      { inputTokens: 0, outputTokens: 0, estimated: false },
    ],
    [
      'a missing object',
      undefined,
      {
        inputTokens: countPromptTokens({ messages: PROMPT }),
        outputTokens: countTokens('Hello!'),
        estimated: true,
      },
    ],
    [
      'half an object',
      { completion_tokens: 7 },
      { inputTokens: countPromptTokens({ messages: PROMPT }), outputTokens: 7, estimated: true },
    ],
    [
      'nonsense',
      { prompt_tokens: -1, completion_tokens: 'many' },
      {
        inputTokens: countPromptTokens({ messages: PROMPT }),
        outputTokens: countTokens('Hello!'),
        estimated: true,
      },
    ],
  ])(
    'takes usage as the upstream gave it, and estimates what is missing: %s',
    async (_name, usage, expected) => {
      await using upstream = await ScriptedUpstream.start(response => json(response, answer({ usage })))
      await using provider = providerFor(upstream)
      expect((await provider.complete(call())).usage).toEqual(expected)
    },
  )

  it('counts the calls of tools in an estimate', async () => {
    await using upstream = await ScriptedUpstream.start(response => {
      json(
        response,
        answer({ usage: null, choices: [{ message: { content: null, tool_calls: toolCalls } }] }),
      )
    })
    await using provider = providerFor(upstream)
    const { usage } = await provider.complete(call())
    expect(usage.outputTokens).toBe(countTokens('weather{"city":"Paris"}'))
  })

  it.each([
    ['no JSON', 'Hello!'],
    ['cut JSON', '{"choices":[{"mess'],
    ['nothing', ''],
    ['a JSON array', '[]'],
    ['JSON of another kind', '{"ok":true}'],
  ])('is malformed under status 200 with %s', async (_name, body) => {
    await using upstream = await ScriptedUpstream.start(response => void response.end(body))
    await using provider = providerFor(upstream)
    expect(await failureOf(provider.complete(call()))).toMatchObject({
      name: 'UpstreamError',
      failure: 'malformed',
    })
  })

  it('is malformed where it is longer than any model writes', async () => {
    await using upstream = await ScriptedUpstream.start(response => {
      const piece = Buffer.alloc(1 << 20, ' ')
      const write = (): void => {
        while (!response.destroyed && response.write(piece)) {}
        if (!response.destroyed) response.once('drain', write)
      }
      write()
    })
    await using provider = providerFor(upstream)
    expect((await failureOf(provider.complete(call()))).failure).toBe('malformed')
  })

  it('is a failure where status 200 carries an error', async () => {
    await using upstream = await ScriptedUpstream.start(response =>
      json(response, { error: { message: 'overloaded' } }),
    )
    await using provider = providerFor(upstream)
    const error = await failureOf(provider.complete(call()))
    expect(error.failure).toBe('failed')
    expect(error.body?.toString()).toContain('overloaded')
  })
})

describe('an error status', () => {
  it.each([
    [400, 'rejected'],
    [413, 'rejected'],
    [422, 'rejected'],
    [401, 'unauthorized'],
    [402, 'unauthorized'],
    [403, 'unauthorized'],
    [404, 'failed'],
    [408, 'failed'],
    [429, 'rate_limited'],
    [500, 'failed'],
    [503, 'failed'],
    [529, 'failed'],
    [302, 'failed'],
  ] as const)('%i means %s, whole or streamed', async (status, failure) => {
    await using upstream = await ScriptedUpstream.start(response =>
      json(response, { error: { message: 'no' } }, status),
    )
    await using provider = providerFor(upstream)
    for (const outcome of [provider.complete(call()), provider.stream(call())]) {
      const error = await failureOf(outcome)
      expect(error).toBeInstanceOf(UpstreamError)
      expect(error).toMatchObject({ failure, status, body: Buffer.from('{"error":{"message":"no"}}') })
    }
  })

  it('keeps at most 64 KiB of the body and hangs up on the rest', async () => {
    await using upstream = await ScriptedUpstream.start(response => {
      response.writeHead(500)
      const write = (): void => {
        while (!response.destroyed && response.write(Buffer.alloc(10_000, 'x'))) {}
        if (!response.destroyed) response.once('drain', write)
      }
      write()
    })
    await using provider = providerFor(upstream)
    const error = await failureOf(provider.complete(call()))
    expect(error.status).toBe(500)
    expect(error.body).toHaveLength(64 * 1024)
  })

  it('says more than the connection that breaks under its body', async () => {
    await using upstream = await ScriptedUpstream.start(response => {
      response.writeHead(429, { 'retry-after': '3', 'content-length': '100' })
      response.write('{"error"', () => response.socket?.destroy())
    })
    await using provider = providerFor(upstream)
    expect(await failureOf(provider.complete(call()))).toMatchObject({
      failure: 'rate_limited',
      retryAfter: 3000,
      body: Buffer.from('{"error"'),
    })
  })

  it.each([
    ['seconds', { 'retry-after': '2' }, 2000],
    ['fractions of them', { 'retry-after': '0.25' }, 250],
    ['milliseconds first', { 'retry-after': '2', 'retry-after-ms': '1234.5' }, 1235],
    ['a date', { 'retry-after': 'Wed, 15 Nov 2023 00:00:30 GMT' }, 30_000],
    ['a date that is past', { 'retry-after': 'Tue, 14 Nov 2023 00:00:00 GMT' }, 0],
    ['nonsense', { 'retry-after': 'soon' }, undefined],
    ['a negative number', { 'retry-after': '-1' }, undefined],
  ])('says when to come back: %s', async (_name, headers, expected) => {
    const clock = new ManualClock(Date.UTC(2023, 10, 15))
    await using upstream = await ScriptedUpstream.start(response => json(response, {}, 429, headers as never))
    await using provider = providerFor(upstream, { clock })
    const { retryAfter } = await failureOf(provider.complete(call()))
    expect(retryAfter).toBe(expected === undefined ? undefined : milliseconds(expected))
  })

  it('never shows the key, even where the upstream repeats it', async () => {
    await using upstream = await ScriptedUpstream.start(response => {
      json(response, { error: { message: `Incorrect API key provided: ${API_KEY}` } }, 401)
    })
    await using provider = providerFor(upstream)
    const error = await failureOf(provider.complete(call()))
    expect(error.body?.toString()).toContain('[redacted]')
    expect(`${error.message} ${error.body} ${inspect(error, { depth: 9 })}`).not.toContain(API_KEY)
    expect(inspect(provider, { depth: 9, showHidden: true })).not.toContain(API_KEY)
  })
})

describe('a connection', () => {
  it('that is refused is a failure', async () => {
    const upstream = await ScriptedUpstream.start(() => {})
    const { baseUrl } = upstream
    await upstream[Symbol.asyncDispose]()
    await using provider = providerFor({ baseUrl })
    const error = await failureOf(provider.complete(call()))
    expect(error).toMatchObject({ failure: 'failed', message: expect.stringContaining('ECONNREFUSED') })
  })

  it('that breaks is a failure, before and amid the answer', async () => {
    await using upstream = await ScriptedUpstream.start((response, { body }) => {
      if (body.when === 'before') response.socket?.destroy()
      else response.writeHead(200).write('{"choices":[', () => response.socket?.destroy())
    })
    await using provider = providerFor(upstream)
    for (const when of ['before', 'amid']) {
      expect((await failureOf(provider.complete(call({ when })))).failure).toBe('failed')
    }
  })

  it('is used again for the next call', async () => {
    await using upstream = await ScriptedUpstream.start(response => json(response, answer()))
    await using provider = providerFor(upstream, { maxConnections: 1 })
    for (let n = 0; n < 10; n++) await provider.complete(call())
    expect(upstream.received).toHaveLength(10)
    expect(upstream.sockets).toHaveLength(1)
  })

  it('is waited for where all are in use', async () => {
    const waiting: (() => void)[] = []
    await using upstream = await ScriptedUpstream.start(response => {
      waiting.push(() => json(response, answer()))
      if (waiting.length === 2) for (const go of waiting) go()
      else if (waiting.length > 2) waiting.at(-1)?.()
    })
    await using provider = providerFor(upstream, { maxConnections: 2 })
    await Promise.all(Array.from({ length: 12 }, () => provider.complete(call())))
    expect(upstream.sockets).toHaveLength(2)
  })
})
