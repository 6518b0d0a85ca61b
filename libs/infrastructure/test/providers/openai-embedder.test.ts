import { once } from 'node:events'
import { Secret } from '@atp/core/secret'
import { milliseconds } from '@atp/core/units'
import { createOpenAiCompatibleEmbedder, type OpenAiEmbedderOptions } from '@atp/infrastructure/providers'
import { describe, expect, it } from 'vitest'
import { API_KEY, failureOf } from './support/provider-under-test.ts'
import { json, ScriptedUpstream } from './support/scripted-upstream.ts'

/** Documented, not recorded. */
const answer = (embedding: unknown) => ({
  object: 'list',
  data: [{ object: 'embedding', index: 0, embedding }],
  model: 'text-embedding-3-small',
  usage: { prompt_tokens: 5, total_tokens: 5 },
})

function embedderFor(upstream: { readonly baseUrl: string }, overrides: Partial<OpenAiEmbedderOptions> = {}) {
  const embedder = createOpenAiCompatibleEmbedder({
    adapterId: 'test',
    baseUrl: upstream.baseUrl,
    apiKey: new Secret(API_KEY),
    model: 'text-embedding-3-small',
    timeouts: { connect: milliseconds(30_000), total: milliseconds(30_000) },
    maxConnections: 4,
    ...overrides,
  })
  return Object.assign(embedder, { [Symbol.asyncDispose]: () => embedder.close() })
}

const patient = () => new AbortController().signal

describe('an embedder', () => {
  it('asks the endpoint beside the chat for the vector, with the key and the headers of the adapter', async () => {
    await using upstream = await ScriptedUpstream.start(response => json(response, answer([0.5, -1, 2])))
    await using embedder = embedderFor(upstream, { headers: { 'x-team': 'routing' } })
    expect(await embedder.embed('Hello?', patient())).toEqual(Float64Array.of(0.5, -1, 2))
    expect(upstream.last).toMatchObject({
      method: 'POST',
      url: '/v1/embeddings',
      headers: { authorization: `Bearer ${API_KEY}`, 'x-team': 'routing' },
      body: { model: 'text-embedding-3-small', input: 'Hello?' },
    })
  })

  it('sends the beginning of a long text, and no half of a character', async () => {
    await using upstream = await ScriptedUpstream.start(response => json(response, answer([1])))
    await using embedder = embedderFor(upstream)
    await embedder.embed(`${'a'.repeat(7_999)}😀`, patient())
    expect(upstream.last.body.input).toBe(`${'a'.repeat(7_999)}\ufffd`)
  })

  it.each([
    null,
    [],
    {},
    { data: [] },
    { data: [null] },
    answer('AACAPw=='),
    answer([]),
    answer([1, null]),
    answer([1, '2']),
  ])('takes nothing for a vector that is none: %j', async body => {
    await using upstream = await ScriptedUpstream.start(response => json(response, body))
    await using embedder = embedderFor(upstream)
    expect((await failureOf(embedder.embed('x', patient()))).failure).toBe('malformed')
  })

  it('takes no JSON for none', async () => {
    await using upstream = await ScriptedUpstream.start(response => void response.end('[1, 2'))
    await using embedder = embedderFor(upstream)
    expect((await failureOf(embedder.embed('x', patient()))).failure).toBe('malformed')
  })

  it.each([
    [500, 'failed'],
    [401, 'unauthorized'],
    [429, 'rate_limited'],
    [400, 'rejected'],
  ])('says what a status of %i means: %s, and never the key', async (status, failure) => {
    await using upstream = await ScriptedUpstream.start(response => {
      response.writeHead(status, { 'content-type': 'application/json' })
      response.end(JSON.stringify({ error: { message: `no: ${API_KEY}` } }))
    })
    await using embedder = embedderFor(upstream)
    const error = await failureOf(embedder.embed('x', patient()))
    expect(error).toMatchObject({ failure, status })
    expect(`${error.message}${error.body}`).not.toContain(API_KEY)
  })

  it.each(['before it answers', 'amid its answer'])(
    'gives up one that stalls %s, and hangs up',
    async when => {
      await using upstream = await ScriptedUpstream.start(response => {
        if (when === 'amid its answer') response.write('{"data": [')
      })
      const timeouts = { connect: milliseconds(30_000), total: milliseconds(50) }
      await using embedder = embedderFor(upstream, { timeouts })
      const failure = failureOf(embedder.embed('x', patient()))
      await expect.poll(() => upstream.sockets.length).toBe(1)
      const [socket] = upstream.sockets
      const closed = socket === undefined || socket.destroyed ? undefined : once(socket, 'close')
      expect((await failure).failure).toBe('timeout')
      await closed
    },
  )

  it('gives up when the client leaves', async () => {
    await using upstream = await ScriptedUpstream.start(() => {})
    await using embedder = embedderFor(upstream)
    const client = new AbortController()
    const failure = failureOf(embedder.embed('x', client.signal))
    await expect.poll(() => upstream.received.length).toBe(1)
    client.abort()
    expect((await failure).failure).toBe('cancelled')
  })

  it('is refused at start where its address is none', () => {
    expect(() => embedderFor({ baseUrl: 'ftp://here' })).toThrow(/adapters\.test\.base_url/)
  })
})
