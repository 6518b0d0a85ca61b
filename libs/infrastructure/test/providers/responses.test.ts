/** OpenAI's Responses at the level of bytes, by the types of their client (documented, not recorded). */
import type { CompletionStream, Provider, ProviderCall, ResponseBody, Responses } from '@atp/domain/adapter'
import { describe, expect, it } from 'vitest'
import { API_KEY, failureOf, providerFor, readAll } from './support/provider-under-test.ts'
import { beginStream, json, ScriptedUpstream } from './support/scripted-upstream.ts'

const USAGE = { input_tokens: 9, output_tokens: 4, total_tokens: 13 }
const OUTPUT = [{ type: 'message', content: [{ type: 'output_text', text: 'Hello there.' }] }]
const response = (differs: object = {}) => ({ object: 'response', error: null, output: OUTPUT, ...differs })

const event = (type: string, fields: object = {}) =>
  `event: ${type}\ndata: ${JSON.stringify({ type, sequence_number: 0, ...fields })}\n\n`
const CREATED = event('response.created', { response: response({ output: [] }) })
const DELTA = event('response.output_text.delta', { delta: 'Hello there.' })
const completed = (usage: object | null = USAGE, type = 'response.completed') =>
  event(type, { response: response({ usage }) })

const call = (
  body: Partial<ResponseBody> = {},
  differs: Partial<ProviderCall> = {},
): ProviderCall<ResponseBody> => {
  const { signal } = new AbortController()
  const asked = { model: 'auto', input: 'Say hello.', atp: {}, ...body }
  return { upstreamModel: 'upstream-model', signal, ...differs, body: asked }
}

const responsesOf = ({ responses }: Provider) => responses as Responses

/** What becomes of these bytes, written one by one. */
async function streamOf(bytes: string): Promise<CompletionStream & { readonly all: Buffer }> {
  await using upstream = await ScriptedUpstream.start(async answer => {
    beginStream(answer)
    for (const byte of Buffer.from(bytes)) answer.write(Buffer.of(byte))
    answer.end()
  })
  await using provider = providerFor(upstream)
  const stream = await responsesOf(provider).stream(call({ stream: true }))
  return Object.assign(stream, { all: await readAll(stream) })
}

describe('a whole response', () => {
  it('is asked for with all that the client said, but for what is ours, and comes back byte for byte', async () => {
    const bytes = ` {"output" : [],\n"usage":${JSON.stringify(USAGE)}, "error": null, "more": "\\u00e9"}`
    await using upstream = await ScriptedUpstream.start(answer => void answer.end(bytes))
    await using provider = providerFor(upstream)
    const asked = { input: [{ role: 'user', content: 'x' }], metadata: { a: 'b' }, store: false }
    const answer = await responsesOf(provider).complete(call(asked))
    expect(answer.bytes.toString()).toBe(bytes)
    expect(answer.usage).toEqual({ inputTokens: 9, outputTokens: 4, estimated: false })
    expect(upstream.last).toMatchObject({
      url: '/v1/responses',
      headers: { authorization: `Bearer ${API_KEY}` },
    })
    expect(upstream.last.body).toEqual({ ...asked, model: 'upstream-model' })
  })

  it.each([
    [{}, undefined, undefined],
    [{ max_output_tokens: 50 }, undefined, 50],
    [{ max_output_tokens: 50 }, 20, 20],
    [{ max_output_tokens: 10 }, 20, 10],
    [{ max_output_tokens: null }, 20, 20],
    [{}, 20, 20],
  ])('of %j that may have %s tokens is limited to %s', async (body, limit, sent) => {
    await using upstream = await ScriptedUpstream.start(answer => json(answer, response({ usage: USAGE })))
    await using provider = providerFor(upstream)
    const terms = limit === undefined ? {} : { maxOutputTokens: limit }
    await responsesOf(provider).complete(call(body, terms))
    expect(upstream.last.body.max_output_tokens).toBe(sent)
  })

  it('is counted where nothing is reported: what it was asked, and what it says', async () => {
    await using upstream = await ScriptedUpstream.start(answer => json(answer, response()))
    await using provider = providerFor(upstream)
    const { usage } = await responsesOf(provider).complete(call({ instructions: 'Be brief.' }))
    expect(usage).toEqual({ inputTokens: 6, outputTokens: 3, estimated: true })
  })

  it.each([
    [response({ error: { code: 'server_error', message: 'no' }, status: 'failed' }), 'failed'],
    [{ object: 'list' }, 'malformed'],
    [[], 'malformed'],
  ])('is none in %j', async (body, failure) => {
    await using upstream = await ScriptedUpstream.start(answer => json(answer, body))
    await using provider = providerFor(upstream)
    expect((await failureOf(responsesOf(provider).complete(call()))).failure).toBe(failure)
  })
})

describe('a streamed response', () => {
  it.each(['response.completed', 'response.incomplete'])(
    'passes as it came, and ends with %s',
    async type => {
      const bytes = `${CREATED}: comment\n\n${DELTA}${completed(USAGE, type)}`
      const stream = await streamOf(bytes)
      expect(stream.all.toString()).toBe(bytes)
      const usage = { inputTokens: 9, outputTokens: 4, estimated: false }
      expect(stream.summary()).toMatchObject({ usage, complete: true })
      const isLast = stream.isLast as (events: Buffer) => boolean
      expect([CREATED, DELTA, DELTA + completed(USAGE, type)].map(each => isLast(Buffer.from(each)))).toEqual(
        [false, false, true],
      )
    },
  )

  it('is not ended by a text that looks like its end', async () => {
    const looksLike = event('response.output_text.delta', { delta: completed() })
    const stream = await streamOf(CREATED + looksLike)
    expect(stream.summary().complete).toBe(false)
    expect(stream.isLast?.(Buffer.from(looksLike))).toBe(false)
  })

  it.each([
    ['breaks off', CREATED + DELTA],
    ['fails', CREATED + DELTA + completed(null, 'response.failed')],
    ['ends with an error', CREATED + DELTA + event('error', { code: 'x', message: 'no' })],
  ])('that %s is not complete, and is billed for what it said', async (_how, bytes) => {
    const stream = await streamOf(bytes)
    expect(stream.all.toString()).toBe(bytes)
    const usage = { inputTokens: 3, outputTokens: 3, estimated: true }
    expect(stream.summary()).toMatchObject({ usage, complete: false })
  })

  it.each([
    ['an error', CREATED + event('error', { code: 'x', message: 'no' }), 'failed'],
    ['a failure', CREATED + completed(null, 'response.failed'), 'failed'],
    ['nothing', CREATED, 'malformed'],
    ['no JSON', 'data: hello\n\n', 'malformed'],
  ])('that begins with %s is none: another may be asked', async (_what, bytes, failure) => {
    expect((await failureOf(streamOf(bytes))).failure).toBe(failure)
  })
})
