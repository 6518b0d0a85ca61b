import { once } from 'node:events'
import { milliseconds } from '@atp/core/units'
import type { EmbeddingBody, EmbeddingCall, Provider } from '@atp/domain/adapter'
import { describe, expect, it } from 'vitest'
import { followed } from '../secrets/followed-source.ts'
import { API_KEY, failureOf, PATIENT, providerFor } from './support/provider-under-test.ts'
import { json, ScriptedUpstream } from './support/scripted-upstream.ts'

/** Documented, not recorded. */
const answer = (rest: object = { usage: { prompt_tokens: 5, total_tokens: 5 } }) => ({
  object: 'list',
  data: [{ object: 'embedding', index: 0, embedding: [0.5, -1] }],
  model: 'text-embedding-3-small',
  ...rest,
})

function embed(
  provider: Provider,
  body: Partial<EmbeddingBody> = {},
  overrides: Partial<EmbeddingCall> = {},
) {
  const { signal } = new AbortController()
  const call = { upstreamModel: 'upstream-model', body: { model: 'm', input: 'Hello?', ...body }, signal }
  return (provider.embed as NonNullable<Provider['embed']>)({ ...call, ...overrides })
}

/** What it answers is used for. */
async function usageOf(body: object, input: EmbeddingBody['input'] = 'Hello?') {
  await using upstream = await ScriptedUpstream.start(response => json(response, body))
  await using provider = providerFor(upstream)
  return (await embed(provider, { input })).usage
}

describe("a provider's embeddings", () => {
  it('are asked for with all that the client said, but for what is ours, and come back byte for byte', async () => {
    const bytes = ' {"data" : [{"embedding":"AACAPwAAAMA="}],\n"usage":{"prompt_tokens": 7}}'
    await using upstream = await ScriptedUpstream.start(response => {
      response.writeHead(200, { 'content-type': 'application/json; charset=utf-8' })
      response.end(bytes)
    })
    await using provider = providerFor(upstream, { headers: { 'x-team': 'search' } })
    const asked = { input: ['a', 'b'], encoding_format: 'base64', dimensions: 2, user: 'u', atp: {} }
    const { bytes: received, contentType, usage } = await embed(provider, asked)
    expect(received.toString()).toBe(bytes)
    expect(contentType).toBe('application/json; charset=utf-8')
    expect(usage).toEqual({ inputTokens: 7, outputTokens: 0, estimated: false })
    const { atp: _, ...sent } = asked
    expect(upstream.last).toMatchObject({
      url: '/v1/embeddings',
      headers: { authorization: `Bearer ${API_KEY}`, 'x-team': 'search', accept: 'application/json' },
    })
    expect(upstream.last.body).toEqual({ ...sent, model: 'upstream-model' })
  })

  it.each([
    [answer(), 5, false],
    [{ usage: { total_tokens: 0, details: { prompt: {} }, prompt_tokens: 0 }, ...answer({}) }, 0, false],
    [answer({ usage: { total_tokens: 9 } }), 9, false],
    [answer({ usage: { prompt_tokens: -1 } }), 2, true],
    [answer({ usage: { prompt_tokens: '5' } }), 2, true],
    [answer({ usage: null }), 2, true],
    [answer({ usage: [{ prompt_tokens: 5 }] }), 2, true],
    [answer({}), 2, true],
  ])('are billed by what %j says: %i tokens, estimated: %s', async (body, inputTokens, estimated) => {
    expect(await usageOf(body)).toEqual({ inputTokens, outputTokens: 0, estimated })
  })

  it.each([
    ['Hello?', 2],
    [['Hello?', 'Hello?'], 4],
    [[1, 2, 3], 3],
    [[[1, 2, 3], [4]], 4],
  ] as const)('are estimated for %j as %i tokens where nothing is reported', async (input, tokens) => {
    expect(await usageOf(answer({}), input)).toEqual({
      inputTokens: tokens,
      outputTokens: 0,
      estimated: true,
    })
  })

  it.each([
    ['[1]', 'malformed'],
    ['no JSON', 'malformed'],
    ['', 'malformed'],
    ['{}', 'malformed'],
    ['{"data": null}', 'malformed'],
    ['{"object":"list","dataset":[1]}', 'malformed'],
    ['{"error":{"message":"overloaded"}}', 'failed'],
  ])('are none where it answers %s', async (body, failure) => {
    await using upstream = await ScriptedUpstream.start(response => void response.end(body))
    await using provider = providerFor(upstream)
    expect((await failureOf(embed(provider))).failure).toBe(failure)
  })

  it.each([
    [400, 'rejected'],
    [401, 'unauthorized'],
    [404, 'failed'],
    [429, 'rate_limited'],
    [503, 'failed'],
  ])('fail with status %i as %s, and never show the key', async (status, failure) => {
    await using upstream = await ScriptedUpstream.start(response =>
      json(response, { error: { message: `no: ${API_KEY}` } }, status),
    )
    await using provider = providerFor(upstream)
    const error = await failureOf(embed(provider))
    expect(error).toMatchObject({ failure, status })
    expect(`${error.message}${error.body}`).not.toContain(API_KEY)
  })

  it('have the time that a whole answer has, and no more', async () => {
    await using upstream = await ScriptedUpstream.start(response => void response.write('{"data": ['))
    const timeouts = {
      ...PATIENT,
      firstToken: milliseconds(1),
      idle: milliseconds(1),
      total: milliseconds(50),
    }
    await using provider = providerFor(upstream, { timeouts })
    expect(await failureOf(embed(provider))).toMatchObject({ failure: 'timeout', phase: 'total' })
  })

  it('are given up when the client leaves, and the upstream is hung up on', async () => {
    await using upstream = await ScriptedUpstream.start(() => {})
    await using provider = providerFor(upstream)
    const client = new AbortController()
    const failure = failureOf(embed(provider, {}, { signal: client.signal }))
    await expect.poll(() => upstream.received.length).toBe(1)
    const closed = once(upstream.sockets[0] as NodeJS.EventEmitter, 'close')
    client.abort()
    expect((await failure).failure).toBe('cancelled')
    await closed
  })

  it('are asked for again with the key as it is now, where the old one is refused', async () => {
    await using secrets = await followed({ key: 'sk-old' })
    await using upstream = await ScriptedUpstream.start((response, { headers }) =>
      headers.authorization === 'Bearer sk-new' ? json(response, answer()) : json(response, {}, 401),
    )
    await using provider = providerFor(upstream, { apiKey: secrets.secret('key') })
    secrets.replace({ key: 'sk-new' }, 'silently')
    expect((await embed(provider)).usage.inputTokens).toBe(5)
    expect(upstream.received).toHaveLength(2)
  })
})
