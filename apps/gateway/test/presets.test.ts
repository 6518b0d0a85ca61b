/** Each preset through the configuration's door and the real provider, against an upstream that behaves as its documentation says. Documented, not recorded. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import type { ServerResponse } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { loadConfig, type PRESET_NAMES, PRESETS } from '@atp/core/config'
import { Secret } from '@atp/core/secret'
import { afterAll, describe, expect, it } from 'vitest'
import { presetsTable, withPresetsTable } from '../scripts/presets-table.ts'
import { providerOf } from '../src/providers-of.ts'
import { completionOf, ScriptedUpstream, type UpstreamRequest } from './support/scripted-upstream.ts'

const KEY = 'key-of-the-account'
const directory = mkdtempSync(join(tmpdir(), 'atp-presets-'))
afterAll(() => rmSync(directory, { recursive: true }))

interface Documented {
  readonly path: string
  readonly auth: readonly [header: string, value: string] | null
  readonly limit: 'max_completion_tokens' | 'max_tokens'
  /** Whether it takes `stream_options`, and tells a stream's usage only then. */
  readonly asksForUsage: boolean
}

const BEARER = ['authorization', `Bearer ${KEY}`] as const
const hosted = (path: string, differs: Partial<Documented> = {}): Documented => ({
  path: `${path}/chat/completions`,
  auth: BEARER,
  limit: 'max_tokens',
  asksForUsage: true,
  ...differs,
})

const DOCUMENTED: Readonly<Record<(typeof PRESET_NAMES)[number], Documented>> = {
  openai: hosted('/v1', { limit: 'max_completion_tokens' }),
  'azure-openai': hosted('/openai/v1', { limit: 'max_completion_tokens', auth: ['api-key', KEY] }),
  groq: hosted('/openai/v1', { limit: 'max_completion_tokens' }),
  mistral: hosted('/v1', { asksForUsage: false }),
  deepseek: hosted('/v1'),
  together: hosted('/v1'),
  openrouter: hosted('/api/v1'),
  fireworks: hosted('/inference/v1'),
  xai: hosted('/v1', { limit: 'max_completion_tokens' }),
  vllm: hosted('/v1', { auth: null }),
  ollama: hosted('/v1', { auth: null }),
  llamacpp: hosted('/v1', { auth: null }),
}

describe.each(Object.entries(DOCUMENTED))('the preset %s', (preset, documented) => {
  it('is taken by an upstream that behaves as documented, whole and streamed', async () => {
    await using upstream = await ScriptedUpstream.start((request, response) =>
      behave(documented, request, response),
    )
    await using provider = providerFor(upstream, preset, documented)
    const whole = await provider.complete({ ...CALL, body: BODY, maxOutputTokens: 7 })
    expect(whole.usage).toEqual({ inputTokens: 5, outputTokens: 1, estimated: false })
    const stream = await provider.stream({ ...CALL, body: { ...BODY, stream: true }, maxOutputTokens: 7 })
    for await (const _ of stream.events);
    expect(stream.summary()).toMatchObject({ usage: { inputTokens: 5, outputTokens: 1, estimated: false } })
    expect(upstream.requests.map(({ body }) => body[documented.limit])).toEqual([7, 7])
  })

  it('knows its address, or that each account has its own', () => {
    const { base_url } = PRESETS[preset as keyof typeof PRESETS]
    if (preset === 'azure-openai') expect(base_url).toBeUndefined()
    else expect(`${new URL(base_url?.value ?? '').pathname}/chat/completions`).toBe(documented.path)
  })
})

it('calls an older Azure deployment with its api-version', async () => {
  const documented = hosted('/openai/deployments/mine', {
    auth: ['api-key', KEY],
    limit: 'max_completion_tokens',
  })
  await using upstream = await ScriptedUpstream.start((request, response) =>
    behave({ ...documented, path: `${documented.path}?api-version=2024-10-21` }, request, response),
  )
  await using provider = providerFor(upstream, 'azure-openai', documented, { api_version: '2024-10-21' })
  await expect(provider.complete({ ...CALL, body: BODY })).resolves.toMatchObject({ text: 'Hi' })
})

it('gives way to whatever the operator says', async () => {
  const own = hosted('/v1', { auth: ['x-own', KEY], limit: 'max_completion_tokens' })
  const differs = { auth_header: 'x-own', output_limit_field: 'max_completion_tokens', stream_usage: true }
  await using upstream = await ScriptedUpstream.start((request, response) => behave(own, request, response))
  await using provider = providerFor(upstream, 'mistral', own, differs)
  const stream = await provider.stream({ ...CALL, body: { ...BODY, stream: true }, maxOutputTokens: 7 })
  for await (const _ of stream.events);
  expect(upstream.requests[0]?.body).toMatchObject({
    max_completion_tokens: 7,
    stream_options: { include_usage: true },
  })
})

const readme = readFileSync(join(import.meta.dirname, '../../../README.md'), 'utf8')

it('stands in the README as it is: run `node --conditions=@atp/source scripts/write-presets-table.ts` when this fails', () => {
  expect(readme).toContain(presetsTable())
  expect(withPresetsTable(readme, presetsTable())).toBe(readme)
})

it('needs as little as the README says', () => {
  const text = /```yaml\n(adapters:\n {2}- id: fast[\s\S]*?)```/.exec(readme)?.[1]
  const { config, sources } = loadConfig({ file: 'README.md', text, env: {} })
  expect(config.adapters.map(({ auth_header }) => auth_header)).toEqual(['authorization', 'api-key'])
  expect(config.adapters[1]?.models[0]).toMatchObject({ output_usd_per_mtok: 1.8 })
  expect(sources['adapters[0].models[0].input_usd_per_mtok']).toMatch(/^catalogue of /)
  expect(sources['adapters[1].models[0].input_usd_per_mtok']).toMatch(/^catalogue of /)
})

const BODY = { model: 'auto', messages: [{ role: 'user', content: 'Hi' }] }
const CALL = { upstreamModel: 'model', signal: new AbortController().signal }

function providerFor(
  upstream: ScriptedUpstream,
  preset: string,
  { path, auth }: Documented,
  differs: Readonly<Record<string, unknown>> = {},
) {
  const base_url = new URL(path.replace('/chat/completions', ''), upstream.url).href
  const adapter = {
    ...{ id: 'up', preset, base_url, ...differs },
    ...(auth === null ? {} : { api_key: 'env:PROVIDER_KEY' }),
    models: [{ name: 'model', input_usd_per_mtok: 1, output_usd_per_mtok: 2 }],
  }
  const file = join(directory, 'atp.yaml')
  writeFileSync(file, JSON.stringify({ adapters: [adapter] }))
  const { config } = loadConfig({ file, env: {} })
  const [configured] = config.adapters
  if (configured === undefined) throw new Error('there is no adapter')
  const provider = providerOf(configured, config.upstream, () => new Secret(KEY))
  return Object.assign(provider, { [Symbol.asyncDispose]: () => provider.close() })
}

function behave(
  { path, auth, limit, asksForUsage }: Documented,
  request: UpstreamRequest,
  response: ServerResponse,
): void {
  const { body, headers } = request
  const other = limit === 'max_tokens' ? 'max_completion_tokens' : 'max_tokens'
  const refused = !asksForUsage && body.stream_options !== undefined
  const authorized = auth === null ? headers.authorization === undefined : headers[auth[0]] === auth[1]
  if (request.path !== path) response.writeHead(404).end()
  else if (!authorized) response.writeHead(401).end()
  else if (refused || body[other] !== undefined) response.writeHead(422).end('{"detail": "extra_forbidden"}')
  else if (body.stream === true) streamTo(response, !asksForUsage, body.stream_options !== undefined)
  else {
    response.setHeader('content-type', 'application/json')
    response.end(JSON.stringify(completionOf('Hi', { prompt_tokens: 5, completion_tokens: 1 })))
  }
}

/** @param unasked the usage comes with the last content, whoever asks */
function streamTo(response: ServerResponse, unasked: boolean, asked: boolean): void {
  const usage = { prompt_tokens: 5, completion_tokens: 1, total_tokens: 6 }
  response.writeHead(200, { 'content-type': 'text/event-stream' })
  const chunks = [
    {
      choices: [{ index: 0, delta: { content: 'Hi' }, finish_reason: 'stop' }],
      ...(unasked ? { usage } : {}),
    },
    ...(asked ? [{ choices: [], usage }] : []),
  ]
  for (const chunk of chunks) response.write(`data: ${JSON.stringify(chunk)}\n\n`)
  response.end('data: [DONE]\n\n')
}
