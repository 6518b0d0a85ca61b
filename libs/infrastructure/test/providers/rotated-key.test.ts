import { createOpenAiCompatibleEmbedder } from '@atp/infrastructure/providers'
import { describe, expect, it } from 'vitest'
import { followed } from '../secrets/followed-source.ts'
import { call, failureOf, PATIENT, providerFor, readAll, streamCall } from './support/provider-under-test.ts'
import { json, ScriptedUpstream } from './support/scripted-upstream.ts'

const ANSWER = { choices: [{ message: { content: 'Hello.' }, finish_reason: 'stop' }] }

/** Takes one key alone, repeats every other, and refuses it with this status. */
function upstreamFor(accepted: { key: string }, status: number): Promise<ScriptedUpstream> {
  return ScriptedUpstream.start((response, { headers, body, url }) => {
    const key = String(headers.authorization).replace('Bearer ', '')
    if (key !== accepted.key) json(response, { error: { message: `not ${key}` } }, status)
    else if (url?.endsWith('/embeddings')) json(response, { data: [{ embedding: [1] }] })
    else if (body.stream !== true) json(response, ANSWER)
    else {
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      response.end('data: {"choices":[{"index":0,"delta":{"content":"Hello."}}]}\n\ndata: [DONE]\n\n')
    }
  })
}

describe('a key that an upstream refuses', () => {
  it.each([401, 403])(
    'with %i is read again, once for all, and each call is tried once more',
    async status => {
      await using secrets = await followed({ key: 'sk-old' })
      await using upstream = await upstreamFor({ key: 'sk-new' }, status)
      await using provider = providerFor(upstream, { apiKey: secrets.secret('key') })
      secrets.replace({ key: 'sk-new' }, 'silently')
      const answers = await Promise.all([
        provider.complete(call()).then(({ text }) => text),
        provider.stream(streamCall()).then(readAll).then(String),
        provider.complete(call()).then(({ text }) => text),
      ])
      expect(answers).toEqual(['Hello.', expect.stringContaining('Hello.'), 'Hello.'])
      expect(secrets.secret('key').generation).toBe(2)
      expect(upstream.received).toHaveLength(6)
      await provider.complete(call())
      expect(upstream.received).toHaveLength(7)
    },
  )

  it('is refused once where there is no other, and repeated to nobody', async () => {
    await using secrets = await followed({ key: 'sk-old' })
    await using upstream = await upstreamFor({ key: 'sk-new' }, 401)
    await using provider = providerFor(upstream, { apiKey: secrets.secret('key') })
    const failure = await failureOf(provider.complete(call()))
    expect(failure).toMatchObject({ failure: 'unauthorized', status: 401 })
    expect(String(failure.body)).toContain('not [redacted]')
    expect(upstream.received).toHaveLength(1)
  })

  it('with another status than of a key is not tried again', async () => {
    await using secrets = await followed({ key: 'sk-old' })
    await using upstream = await upstreamFor({ key: 'sk-new' }, 402)
    await using provider = providerFor(upstream, { apiKey: secrets.secret('key') })
    secrets.replace({ key: 'sk-new' }, 'silently')
    expect(await failureOf(provider.complete(call()))).toMatchObject({ status: 402 })
    expect(upstream.received).toHaveLength(1)
  })

  it('is read again for an embedding, and where it is in a header of its own', async () => {
    await using secrets = await followed({ key: 'Bearer sk-old' })
    await using upstream = await upstreamFor({ key: 'sk-new' }, 401)
    const { connect, total } = PATIENT
    const embedder = createOpenAiCompatibleEmbedder({
      adapterId: 'test',
      baseUrl: upstream.baseUrl,
      apiKey: null,
      headers: { authorization: secrets.secret('key') },
      model: 'embedding',
      timeouts: { connect, total },
      maxConnections: 1,
    })
    secrets.replace({ key: 'Bearer sk-new' }, 'silently')
    expect(await embedder.embed('Hello?', new AbortController().signal)).toEqual(Float64Array.of(1))
    await embedder.close()
  })
})

it('a key that was replaced is hidden for as long as calls with it are under way', async () => {
  await using secrets = await followed({ key: 'sk-old' })
  const { promise: replaced, resolve } = Promise.withResolvers<void>()
  await using upstream = await ScriptedUpstream.start(async (response, { headers }) => {
    const key = String(headers.authorization)
    if (key.includes('old')) await replaced
    json(response, { error: { message: `busy, ${key}` } }, 500)
  })
  await using provider = providerFor(upstream, { apiKey: secrets.secret('key') })
  const old = failureOf(provider.complete(call()))
  await expect.poll(() => upstream.received).toHaveLength(1)
  secrets.replace({ key: 'sk-new' })
  await expect.poll(() => secrets.secret('key').reveal()).toBe('sk-new')
  const fresh = await failureOf(provider.complete(call()))
  resolve()
  for (const { body } of [await old, fresh]) expect(String(body)).not.toMatch(/sk-(old|new)/)
})
