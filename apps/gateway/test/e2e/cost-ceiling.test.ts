/** `max_cost_usd` holds whatever the bill is made of: the upstream here writes as much as it may. */
import { countTokens } from '@atp/infrastructure/providers'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { GatewayProcess } from '../support/gateway-process.ts'
import { post } from '../support/post.ts'
import { completionOf, configFor, ScriptedUpstream } from '../support/scripted-upstream.ts'

const TOOLS = Array.from({ length: 50 }, (_, number) => ({
  type: 'function',
  function: {
    name: `tool_${number}`,
    description:
      'Looks up a word in the dictionary and says what it means, where it is from, and who used it.',
    parameters: { type: 'object', properties: { word: { type: 'string' } }, required: ['word'] },
  },
}))
const SCHEMA = {
  type: 'json_schema',
  json_schema: { name: 'words', schema: { type: 'object', properties: TOOLS } },
}

const HOLDS = [
  ['a plain prompt', 0.001, {}],
  ['ten choices at once', 0.001, { n: 10 }],
  ['many tools', 0.01, { tools: TOOLS }],
  ['a long schema of the answer', 0.01, { response_format: SCHEMA }],
  ['all of it', 0.02, { tools: TOOLS, response_format: SCHEMA, n: 7 }],
] as const

let upstream: ScriptedUpstream
let gateway: GatewayProcess

beforeAll(async () => {
  upstream = await ScriptedUpstream.start(({ body }, response) => {
    const { messages, tools, response_format, n, max_completion_tokens } = body
    const prompt = JSON.stringify({ messages, tools, response_format })
    const usage = {
      prompt_tokens: countTokens(prompt),
      completion_tokens: ((n as number | undefined) ?? 1) * (max_completion_tokens as number),
    }
    response.setHeader('content-type', 'application/json')
    response.end(JSON.stringify(completionOf('as long as it may get', usage)))
  })
  // One model a case: how long its answers get is learned, and would exclude it from the next.
  const config = configFor(upstream, [...HOLDS.map(([name]) => name), 'strict'])
  const models = config.adapters[0]?.models.map(model => ({
    ...model,
    expected_output_tokens: 10,
    capabilities: ['tools', 'json_mode', 'structured_outputs', 'streaming'],
  }))
  gateway = await GatewayProcess.start({ config: { adapters: [{ ...config.adapters[0], models }] } })
})

afterAll(async () => {
  await gateway[Symbol.asyncDispose]()
  await upstream[Symbol.asyncDispose]()
})

const messages = [{ role: 'user', content: 'What does "ceiling" mean? '.repeat(20) }]

describe('a cost ceiling', () => {
  it.each(HOLDS)('holds for %s', async (model, ceiling, extra) => {
    const body = { model, messages, ...extra, atp: { max_cost_usd: ceiling } }
    const { status, headers } = await post(gateway, '/v1/chat/completions', body)
    expect(status).toBe(200)
    const cost = Number(headers.get('x-atp-cost-usd'))
    expect(cost).toBeGreaterThan(ceiling / 2)
    expect(cost).toBeLessThanOrEqual(ceiling)
  })

  it.each([
    ['tools', { tools: TOOLS }],
    ['choices', { n: 100 }],
  ])('that a request breaks by its %s alone is a 422', async (_name, extra) => {
    const body = { model: 'strict', messages, ...extra, atp: { max_cost_usd: 0.0008 } }
    const { status, body: answer } = await post(gateway, '/v1/chat/completions', body)
    expect(status).toBe(422)
    expect(answer).toMatchObject({ error: { code: 'no_candidate' } })
  })
})
