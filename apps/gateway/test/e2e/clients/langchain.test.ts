import { ChatOpenAI } from '@langchain/openai'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { SimulatedSetup } from '../../support/simulated.ts'

let setup: SimulatedSetup
let model: ChatOpenAI

beforeAll(async () => {
  setup = await SimulatedSetup.start()
  model = new ChatOpenAI({
    model: 'auto',
    apiKey: 'unused',
    maxRetries: 0,
    configuration: { baseURL: `${setup.gateway.url}/v1` },
  })
})

afterAll(() => setup[Symbol.asyncDispose]())

const prompt = 'What is 17 * 23?'
const city = {
  title: 'place',
  type: 'object',
  properties: { city: { type: 'string' } },
  required: ['city'],
  additionalProperties: false,
}
const weather = { type: 'function' as const, function: { name: 'get_weather', parameters: city } }

describe('LangChain’s ChatOpenAI, with only its base URL replaced', () => {
  it('gets an answer, and what it cost in tokens', async () => {
    const answer = await model.invoke(prompt)
    expect(answer.content).toContain('simulated')
    expect(answer.usage_metadata).toMatchObject({ output_tokens: expect.any(Number) })
  })

  it('streams one', async () => {
    let text = ''
    for await (const { content } of await model.stream(prompt)) text += content
    expect(text).toContain('simulated')
  })

  it('calls tools it was bound to', async () => {
    const bound = model.bindTools([weather], { tool_choice: 'get_weather' })
    const [call] = (await bound.invoke(prompt)).tool_calls ?? []
    expect(call).toMatchObject({ name: 'get_weather', args: { city: expect.any(String) } })
  })

  it('gets an object of a schema', async () => {
    const structured = model.withStructuredOutput(city, { method: 'jsonSchema' })
    expect(await structured.invoke(prompt)).toEqual({ city: expect.any(String) })
  })

  it('gets its own errors', async () => {
    const unknown = new ChatOpenAI({
      model: 'gpt-99',
      apiKey: 'unused',
      maxRetries: 0,
      configuration: { baseURL: `${setup.gateway.url}/v1` },
    })
    await expect(unknown.invoke(prompt)).rejects.toMatchObject({ status: 404 })
  })
})
