import { createOpenAI } from '@ai-sdk/openai'
import { createOpenAICompatible } from '@ai-sdk/openai-compatible'
import { generateText, jsonSchema, Output, streamText, type ToolSet, tool } from 'ai'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { SimulatedSetup } from '../../support/simulated.ts'

let setup: SimulatedSetup

beforeAll(async () => {
  setup = await SimulatedSetup.start()
})

afterAll(() => setup[Symbol.asyncDispose]())

/** Both ways to reach an OpenAI-compatible server: the provider for OpenAI itself, and the one for all others. */
const providers = {
  '@ai-sdk/openai, .chat()': () =>
    createOpenAI({ baseURL: `${setup.gateway.url}/v1`, apiKey: 'unused' }).chat('auto'),
  '@ai-sdk/openai-compatible': () =>
    createOpenAICompatible({
      name: 'atp',
      baseURL: `${setup.gateway.url}/v1`,
      apiKey: 'unused',
      includeUsage: true,
      supportsStructuredOutputs: true,
    })('auto'),
}

const prompt = 'What is 17 * 23?'
const city = jsonSchema<{ city: string }>({
  type: 'object',
  properties: { city: { type: 'string' } },
  required: ['city'],
  additionalProperties: false,
})
// Its types do not take exact optional properties.
const tools = {
  get_weather: tool({ description: 'Says the weather', inputSchema: city }),
} as unknown as ToolSet

describe.each(Object.entries(providers))('the Vercel AI SDK over %s', (_, model) => {
  it('generates a text', async () => {
    const { text, usage, finishReason } = await generateText({ model: model(), prompt })
    expect(text).toContain('simulated')
    expect(usage.outputTokens).toBeGreaterThan(0)
    expect(finishReason).toBe('stop')
  })

  it('streams one, with its usage', async () => {
    const answer = streamText({ model: model(), prompt })
    let text = ''
    for await (const piece of answer.textStream) text += piece
    expect(text).toContain('simulated')
    expect((await answer.usage).outputTokens).toBeGreaterThan(0)
  })

  it.each(['whole', 'streamed'])('calls tools, %s', async form => {
    const options = {
      model: model(),
      prompt,
      tools,
      toolChoice: { type: 'tool', toolName: 'get_weather' } as const,
    }
    const [call] =
      form === 'whole' ? (await generateText(options)).toolCalls : await streamText(options).toolCalls
    expect(call).toMatchObject({ toolName: 'get_weather', input: { city: expect.any(String) } })
  })

  it('gets an object of a schema', async () => {
    const { output } = await generateText({ model: model(), prompt, output: Output.object({ schema: city }) })
    expect(output).toEqual({ city: expect.any(String) })
  })

  it('hears of an error what the gateway says', async () => {
    const unaffordable = { headers: { 'x-atp-max-cost-usd': '0' }, maxRetries: 0 }
    await expect(generateText({ model: model(), prompt, ...unaffordable })).rejects.toMatchObject({
      statusCode: 422,
      message: expect.stringMatching(/max_cost_usd|cost/),
    })
  })
})
