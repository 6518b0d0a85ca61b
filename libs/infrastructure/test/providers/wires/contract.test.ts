/** What every kind of provider does alike, each over a server of its real wire format. */
import { once } from 'node:events'
import { milliseconds } from '@atp/core/units'
import { startWireServer, type WireFault } from '@atp/simulated-provider/wires'
import { describe, expect, it } from 'vitest'
import { followed } from '../../secrets/followed-source.ts'
import { API_KEY, call, eventually, failureOf, PATIENT, readAll } from '../support/provider-under-test.ts'
import { readChunks } from './chunks-read.ts'
import { ALL, HELLO, WEATHER, WEATHER_TOOL } from './kinds.ts'

const SHORT = milliseconds(60)
const PIXEL =
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=='

describe.each(ALL)('$name', ({ wire, model, provider, tellsCached, sent }) => {
  const whole = (body: object = {}, signal?: AbortSignal) =>
    call({ ...body }, { upstreamModel: model, ...(signal === undefined ? {} : { signal }) })
  const streamed = (body: object = {}, signal?: AbortSignal) => whole({ stream: true, ...body }, signal)

  it('answers whole, with the figures of the provider', async () => {
    await using server = await startWireServer(wire, () => ({ answer: HELLO }))
    await using upstream = provider(server.baseUrl)
    const completion = await upstream.complete(whole({ max_tokens: 50, temperature: 0.5 }))
    expect(completion).toMatchObject({
      contentType: 'application/json',
      text: 'Hello, wörld.',
      finishReason: 'stop',
      refused: false,
      usage: { inputTokens: 100, outputTokens: 4, estimated: false },
    })
    expect(JSON.parse(completion.bytes.toString())).toMatchObject({
      object: 'chat.completion',
      model,
      choices: [
        { index: 0, message: { role: 'assistant', content: 'Hello, wörld.' }, finish_reason: 'stop' },
      ],
      usage: {
        prompt_tokens: 100,
        completion_tokens: 4,
        total_tokens: 104,
        ...(tellsCached ? { prompt_tokens_details: { cached_tokens: 40 } } : {}),
      },
    })
    const [request] = server.received
    expect(wire.keyOf(request?.headers ?? {})).toBe(API_KEY)
    expect(request?.headers['user-agent']).toBe('atp-gateway')
  })

  it('answers in a stream that ends with its usage, as the client asked', async () => {
    await using server = await startWireServer(wire, () => ({ answer: HELLO }))
    await using upstream = provider(server.baseUrl)
    const stream = await upstream.stream(streamed({ stream_options: { include_usage: true } }))
    expect(stream.contentType).toMatch(/^text\/event-stream/)
    expect(readChunks(await readAll(stream))).toMatchObject({
      text: 'Hello, wörld.',
      roles: ['assistant'],
      finishReason: 'stop',
      usage: { prompt_tokens: 100, completion_tokens: 4 },
      done: true,
    })
    expect(stream.text()).toBe('Hello, wörld.')
    expect(stream.summary()).toMatchObject({
      usage: { inputTokens: 100, outputTokens: 4, estimated: false },
      finishReason: 'stop',
      complete: true,
    })
  })

  it('keeps the usage to itself where the client did not ask', async () => {
    await using server = await startWireServer(wire, () => ({ answer: HELLO }))
    await using upstream = provider(server.baseUrl)
    const stream = await upstream.stream(streamed())
    expect((await readAll(stream)).toString()).not.toContain('usage')
    expect(stream.summary().usage).toMatchObject({ outputTokens: 4, estimated: false })
  })

  it('estimates what the provider does not tell', async () => {
    const silent = { ...HELLO, usage: null }
    // Some formats have no answer without its usage.
    if (wire.kind === 'anthropic' || wire.kind === 'cohere') return
    await using server = await startWireServer(wire, () => ({ answer: silent }))
    await using upstream = provider(server.baseUrl)
    const stream = await upstream.stream(streamed())
    await readAll(stream)
    const { usage } = stream.summary()
    expect(usage.estimated).toBe(true)
    expect(usage.outputTokens).toBeGreaterThan(2)
    if (wire.kind !== 'bedrock') {
      expect((await upstream.complete(whole())).usage).toMatchObject({ estimated: true })
    }
  })

  it('calls tools, whole', async () => {
    await using server = await startWireServer(wire, () => ({ answer: WEATHER }))
    await using upstream = provider(server.baseUrl)
    const { bytes, text, finishReason } = await upstream.complete(whole({ tools: [WEATHER_TOOL] }))
    expect({ text, finishReason }).toEqual({ text: null, finishReason: 'tool_calls' })
    const { content, tool_calls } = JSON.parse(bytes.toString()).choices[0].message
    expect(content).toBeNull()
    expect(tool_calls).toMatchObject([
      { id: 'call_1', type: 'function', function: { name: 'weather', arguments: '{"city":"Ulm"}' } },
      { id: 'call_2', type: 'function', function: { name: 'weather', arguments: '{"city":"Bonn"}' } },
    ])
  })

  it('calls tools in a stream', async () => {
    await using server = await startWireServer(wire, () => ({ answer: WEATHER }))
    await using upstream = provider(server.baseUrl)
    const stream = await upstream.stream(streamed({ tools: [WEATHER_TOOL], tool_choice: 'required' }))
    expect(readChunks(await readAll(stream))).toMatchObject({
      text: '',
      calls: [
        { id: 'call_1', name: 'weather', arguments: '{"city":"Ulm"}' },
        { id: 'call_2', name: 'weather', arguments: '{"city":"Bonn"}' },
      ],
      finishReason: 'tool_calls',
      done: true,
    })
  })

  it('is told of a system prompt, an image, and what tools answered', async () => {
    await using server = await startWireServer(wire, () => ({ answer: HELLO }))
    await using upstream = provider(server.baseUrl)
    await upstream.complete(
      whole({
        tools: [WEATHER_TOOL],
        messages: [
          { role: 'system', content: 'Be brief.' },
          {
            role: 'user',
            content: [
              { type: 'text', text: 'Where is this?' },
              { type: 'image_url', image_url: { url: `data:image/png;base64,${PIXEL}` } },
            ],
          },
          {
            role: 'assistant',
            content: null,
            tool_calls: [
              { id: 'call_1', type: 'function', function: { name: 'weather', arguments: '{"city":"Ulm"}' } },
            ],
          },
          { role: 'tool', tool_call_id: 'call_1', content: 'Rain in Ulm.' },
        ],
      }),
    )
    const [request] = server.received
    expect(sent(request?.body)).toEqual({ system: 'Be brief.', image: PIXEL })
    expect(JSON.stringify(request?.body)).toContain('Rain in Ulm.')
  })

  it('that finds the request wrong says why, and only that', async () => {
    await using server = await startWireServer(wire, () => ({
      status: 400,
      message: `too long for ${API_KEY}`,
    }))
    await using upstream = provider(server.baseUrl)
    const failure = await failureOf(upstream.complete(whole()))
    expect(failure).toMatchObject({ failure: 'rejected', status: 400 })
    expect(JSON.parse(String(failure.body)).error.message).toBe('too long for [redacted]')
  })

  it.each([
    [429, 'rate_limited'],
    [503, 'failed'],
    [529, 'failed'],
  ])('that is overloaded is so at once: %i', async (status, expected) => {
    await using server = await startWireServer(wire, () => ({
      status,
      message: 'later',
      headers: { 'retry-after': '7' },
    }))
    await using upstream = provider(server.baseUrl)
    for (const failure of [
      await failureOf(upstream.complete(whole())),
      await failureOf(upstream.stream(streamed())),
    ]) {
      expect(failure).toMatchObject({ failure: expected, status, retryAfter: 7000 })
    }
    expect(server.received).toHaveLength(2)
  })

  it('whose stream is cut delivers what had arrived, and says so', async () => {
    await using server = await startWireServer(wire, () => ({ answer: HELLO, after: 4, fault: 'cut' }))
    await using upstream = provider(server.baseUrl)
    const stream = await upstream.stream(streamed())
    const blocks: Buffer[] = []
    const reading = (async () => {
      for await (const block of stream.events) blocks.push(block)
    })()
    expect((await failureOf(reading)).failure).toBe('cut')
    expect(readChunks(Buffer.concat(blocks)).text).toMatch(/^Hello, /)
    const { complete, usage } = stream.summary()
    expect({ complete, estimated: usage.estimated }).toEqual({ complete: false, estimated: true })
    expect(usage.outputTokens).toBeGreaterThan(0)
  })

  it.each<WireFault>(['cut', 'error', 'garbage'])(
    'whose stream goes wrong before its content leaves room for a fallback: %s',
    async fault => {
      await using server = await startWireServer(wire, () => ({ answer: HELLO, after: 0, fault }))
      await using upstream = provider(server.baseUrl)
      const failure = await failureOf(upstream.stream(streamed()))
      expect(failure.failure).toMatch(/^(failed|malformed)$/)
    },
  )

  it('whose stream ends without a word of its end is not complete', async () => {
    await using server = await startWireServer(wire, () => ({ answer: HELLO, after: 4, fault: 'end' }))
    await using upstream = provider(server.baseUrl)
    const stream = await upstream.stream(streamed())
    expect(readChunks(await readAll(stream))).toMatchObject({ finishReason: null, done: false })
    expect(stream.summary().complete).toBe(false)
  })

  it('that answers a whole answer with garbage is malformed', async () => {
    await using server = await startWireServer(wire, () => ({ answer: HELLO, fault: 'garbage' }))
    await using upstream = provider(server.baseUrl)
    expect((await failureOf(upstream.complete(whole()))).failure).toBe('malformed')
  })

  it('is cancelled with its client, before and amid an answer', async () => {
    await using server = await startWireServer(wire, (_request, nth) =>
      nth === 1 ? 'silence' : { answer: HELLO, after: 3, fault: 'stall' },
    )
    await using upstream = provider(server.baseUrl)
    const first = new AbortController()
    const waiting = failureOf(upstream.complete(whole({}, first.signal)))
    await eventually(() => server.received.length === 1)
    const closed = once(server.sockets[0] as NonNullable<(typeof server.sockets)[0]>, 'close')
    first.abort()
    expect((await waiting).failure).toBe('cancelled')
    await closed
    const second = new AbortController()
    const stream = await upstream.stream(streamed({}, second.signal))
    const closedToo = once(server.sockets[1] as NonNullable<(typeof server.sockets)[0]>, 'close')
    second.abort()
    expect((await failureOf(readAll(stream))).failure).toBe('cancelled')
    await closedToo
  })

  it('is cancelled by a reader that leaves', async () => {
    await using server = await startWireServer(wire, () => ({ answer: HELLO, after: 3, fault: 'stall' }))
    await using upstream = provider(server.baseUrl)
    const stream = await upstream.stream(streamed())
    const closed = once(server.sockets[0] as NonNullable<(typeof server.sockets)[0]>, 'close')
    for await (const _ of stream.events) break
    await closed
    expect(stream.summary()).toMatchObject({ complete: false, usage: { estimated: true } })
  })

  it('has a time limit on its first token, on silence, and on the whole', async () => {
    await using server = await startWireServer(wire, (_request, nth) =>
      nth === 2 ? { answer: HELLO, after: 3, fault: 'stall' } : 'silence',
    )
    await using late = provider(server.baseUrl, { timeouts: { ...PATIENT, firstToken: SHORT } })
    expect(await failureOf(late.stream(streamed()))).toMatchObject({
      failure: 'timeout',
      phase: 'first_token',
    })
    await using idle = provider(server.baseUrl, { timeouts: { ...PATIENT, idle: SHORT } })
    const stream = await idle.stream(streamed())
    expect(await failureOf(readAll(stream))).toMatchObject({ failure: 'timeout', phase: 'idle' })
    await using slow = provider(server.baseUrl, { timeouts: { ...PATIENT, total: SHORT } })
    expect(await failureOf(slow.complete(whole()))).toMatchObject({ failure: 'timeout', phase: 'total' })
  })

  it('asks with a rotated key once more, having read it again once', async () => {
    await using secrets = await followed({ key: 'old-key' })
    await using server = await startWireServer(wire, ({ headers }) =>
      wire.keyOf(headers) === 'new-key'
        ? { answer: HELLO }
        : { status: 401, message: `no key ${wire.keyOf(headers)}` },
    )
    await using upstream = provider(server.baseUrl, { apiKey: secrets.secret('key') })
    secrets.replace({ key: 'new-key' }, 'silently')
    const answers = await Promise.all([
      upstream.complete(whole()).then(({ text }) => text),
      upstream
        .stream(streamed())
        .then(readAll)
        .then(bytes => readChunks(bytes).text),
    ])
    expect(answers).toEqual(['Hello, wörld.', 'Hello, wörld.'])
    expect(secrets.secret('key').generation).toBe(2)
    secrets.replace({ key: 'wrong-key' })
    await expect.poll(() => secrets.secret('key').reveal()).toBe('wrong-key')
    const refused = await failureOf(upstream.complete(whole()))
    expect(refused).toMatchObject({ failure: 'unauthorized', status: 401 })
    expect(String(refused.body)).toContain('no key [redacted]')
  })

  it('holds the provider up where its reader is slow, and lets calls end before it closes', async () => {
    const piece = 'x'.repeat(50_000)
    const long = { ...HELLO, text: Array.from({ length: 400 }, () => piece) }
    await using server = await startWireServer(wire, () => ({ answer: long }))
    const upstream = provider(server.baseUrl)
    const stream = await upstream.stream(streamed())
    await eventually(() => (server.response()?.writableLength ?? 0) > 0)
    const closing = upstream.close()
    let length = 0
    for await (const block of stream.events) length += block.length
    await closing
    expect(length).toBeGreaterThan(400 * piece.length)
    expect(stream.summary()).toMatchObject({ complete: true, usage: { estimated: false } })
  })
})
