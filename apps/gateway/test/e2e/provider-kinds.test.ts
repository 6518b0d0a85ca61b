/** Providers that speak formats of their own, behind OpenAI's: the real client, a real gateway, servers of the real wire formats. */

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import {
  startWireServer,
  WIRES,
  type WireAnswer,
  type WireReply,
  type WireServer,
} from '@atp/simulated-provider/wires'
import OpenAI, { BadRequestError } from 'openai'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { GatewayProcess, runAtp } from '../support/gateway-process.ts'
import { NEVER_OPEN } from '../support/never-open.ts'
import { post } from '../support/post.ts'

const HELLO: WireAnswer = {
  text: ['Hello', ' from afar.'],
  finish: 'stop',
  usage: { input: 12, output: 5, cached: 4 },
}
const WEATHER: WireAnswer = {
  calls: [{ id: 'call_1', name: 'weather', arguments: ['{"city":', '"Ulm"}'] }],
  finish: 'tool_calls',
  usage: { input: 30, output: 9 },
}
const TOOL = {
  type: 'function' as const,
  function: {
    name: 'weather',
    parameters: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] },
  },
}
const OVERLOADED: WireReply = { status: 529, message: 'Overloaded' }

function adapter(kind: 'anthropic' | 'google', server: WireServer, model: string, mean: number) {
  // A belief that no test shakes: the order of the candidates is fixed.
  const quality_prior = { mean, strength: 1e6 }
  return {
    id: kind,
    kind,
    base_url: server.baseUrl,
    api_key: 'env:UP_KEY',
    models: [{ name: model, input_usd_per_mtok: 1, output_usd_per_mtok: 2, quality_prior }],
  }
}

describe('anthropic and google, asked by the client of openai', () => {
  const opened: AsyncDisposable[] = []
  let anthropic: WireServer
  let google: WireServer
  let gateway: GatewayProcess
  let client: OpenAI
  /** What Anthropic answers. */
  let reply: WireReply

  beforeAll(async () => {
    anthropic = await startWireServer(WIRES.anthropic, ({ body }) =>
      reply === OVERLOADED || !Array.isArray(body.tools) ? reply : { answer: WEATHER },
    )
    google = await startWireServer(WIRES.google, () => ({
      answer: { ...HELLO, text: ['Hello', ' from elsewhere.'] },
    }))
    gateway = await GatewayProcess.start({
      config: {
        routing: { strategy: 'greedy', quality: 'high', reliability_half_life: '50ms' },
        breaker: NEVER_OPEN,
        adapters: [
          adapter('anthropic', anthropic, 'claude-sonnet-4-5', 0.9),
          adapter('google', google, 'gemini-2.5-flash', 0.1),
        ],
      },
      env: { UP_KEY: 'sk-of-both' },
    })
    opened.push(anthropic, google, gateway)
    client = new OpenAI({ baseURL: `${gateway.url}/v1`, apiKey: 'unused', maxRetries: 0 })
  })

  beforeEach(() => {
    reply = { answer: HELLO }
  })

  afterAll(async () => {
    for (const resource of opened.reverse()) await resource[Symbol.asyncDispose]()
  })

  const ask = (more: object = {}) =>
    client.chat.completions.create({
      model: 'auto',
      messages: [{ role: 'user', content: 'Hello?' }],
      ...more,
    })

  it('answer whole, each in its own format, and are billed by their own figures', async () => {
    const { choices, usage } = await ask()
    expect(choices[0]?.message.content).toBe('Hello from afar.')
    expect(usage).toMatchObject({
      prompt_tokens: 12,
      completion_tokens: 5,
      prompt_tokens_details: { cached_tokens: 4 },
    })
    expect(anthropic.received.at(-1)?.headers['x-api-key']).toBe('sk-of-both')
    const other = await ask({ model: 'google/gemini-2.5-flash' })
    expect(other.choices[0]?.message.content).toBe('Hello from elsewhere.')
  })

  it('stream text and calls of tools', async () => {
    const stream = client.chat.completions.stream({
      model: 'auto',
      messages: [{ role: 'user', content: 'Hello?' }],
      stream_options: { include_usage: true },
    })
    expect(await stream.finalContent()).toBe('Hello from afar.')
    expect(await stream.totalUsage()).toMatchObject({ prompt_tokens: 12, completion_tokens: 5 })
    const calling = client.chat.completions.stream({
      model: 'auto',
      messages: [{ role: 'user', content: 'The weather in Ulm?' }],
      tools: [TOOL],
    })
    const { choices } = await calling.finalChatCompletion()
    expect(choices[0]).toMatchObject({
      finish_reason: 'tool_calls',
      message: { tool_calls: [{ id: 'call_1', function: { name: 'weather', arguments: '{"city":"Ulm"}' } }] },
    })
  })

  it('stand in for each other, whole and streamed, and for what one has no words for', async () => {
    reply = OVERLOADED
    expect((await ask()).choices[0]?.message.content).toBe('Hello from elsewhere.')
    const messages = [{ role: 'user' as const, content: 'Hello?' }]
    const stream = client.chat.completions.stream({ model: 'auto', messages })
    expect(await stream.finalContent()).toBe('Hello from elsewhere.')
    reply = { answer: HELLO }
    const sent = anthropic.received.length
    expect((await ask({ seed: 7 })).choices[0]?.message.content).toBe('Hello from elsewhere.')
    expect(anthropic.received).toHaveLength(sent)
  })

  it("are asked in Anthropic's own words, too, and marks for caching reach the very part", async () => {
    const marked = { type: 'text', text: 'Rules, at length.', cache_control: { type: 'ephemeral' } }
    const { status, body } = await post<{ content: unknown }>(gateway, '/v1/messages', {
      model: 'anthropic/claude-sonnet-4-5',
      max_tokens: 64,
      system: [marked],
      messages: [{ role: 'user', content: 'Hello?' }],
    })
    expect({ status, content: body.content }).toMatchObject({
      status: 200,
      content: [{ type: 'text', text: 'Hello from afar.' }],
    })
    expect(anthropic.received.at(-1)?.body).toMatchObject({ max_tokens: 64, system: [marked] })
  })

  it('refuse what neither has words for, naming it', async () => {
    const sent = [anthropic.received.length, google.received.length]
    const error = await ask({ n: 2 }).then(
      () => expect.unreachable(),
      thrown => thrown,
    )
    expect(error).toBeInstanceOf(BadRequestError)
    expect(error).toMatchObject({ param: 'n', code: 'unsupported_by_models' })
    expect(error.message).toMatch(/n: found 2, allowed 1/)
    expect([anthropic.received.length, google.received.length]).toEqual(sent)
  })
})

describe('the configuration', () => {
  const textOf = (file: string) => readFileSync(join(import.meta.dirname, '../../../..', file), 'utf8')
  const env = { AWS_KEY_ID: 'id', AWS_KEY_SECRET: 'secret', ANTHROPIC_KEY: 'key', OPENAI_API_KEY: 'key' }

  it.each([
    ['README.md', (text: string) => /```yaml\n(adapters:\n {2}- id: aws.*?)```/s.exec(text)?.[1] ?? ''],
    [
      'config/example.yaml',
      (text: string) => text.replace('file:/run/secrets/anthropic', 'env:ANTHROPIC_KEY'),
    ],
  ])('of %s is valid', async (file, yamlOf) => {
    const { code, output } = await runAtp(['config', 'check'], { config: parse(yamlOf(textOf(file))), env })
    expect(code, output).toBe(0)
    expect(output).toMatch(/adapters\[1\]\.kind\s+anthropic/)
  })
})
