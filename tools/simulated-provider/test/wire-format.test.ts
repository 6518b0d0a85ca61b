import type OpenAI from 'openai'
import { Check } from 'typebox/schema'
import { describe, expect, it } from 'vitest'
import { ask, start } from './start.ts'

const WEATHER: OpenAI.ChatCompletionTool = {
  type: 'function',
  function: {
    name: 'get_weather',
    description: 'The weather in a city',
    parameters: {
      type: 'object',
      properties: {
        city: { type: 'string', minLength: 3 },
        unit: { enum: ['celsius', 'fahrenheit'] },
        days: { type: 'integer', minimum: 1, maximum: 7 },
      },
      required: ['city', 'unit', 'days'],
      additionalProperties: false,
    },
  },
}

async function collect(stream: AsyncIterable<OpenAI.ChatCompletionChunk>) {
  const chunks: OpenAI.ChatCompletionChunk[] = []
  for await (const chunk of stream) chunks.push(chunk)
  return chunks
}

describe('a whole answer', () => {
  it('is a chat completion whose text ends with the marker of its quality', async () => {
    const { client } = await start()
    const answer = await client.chat.completions.create(ask('Write a Python function that reverses a list.'))
    expect(answer.object).toBe('chat.completion')
    expect(answer.model).toBe('sim-mini')
    expect(answer.choices[0]?.finish_reason).toBe('stop')
    expect(answer.choices[0]?.message.content).toMatch(/\n\[simulated answer; quality [01]\.\d\d\]$/)
    const { prompt_tokens = 0, completion_tokens = 0, total_tokens } = answer.usage ?? {}
    expect(prompt_tokens).toBeGreaterThan(0)
    expect(completion_tokens).toBeGreaterThan(10)
    expect(total_tokens).toBe(prompt_tokens + completion_tokens)
  })

  it('stops at the token limit and says so, by either name of the limit', async () => {
    const { client } = await start()
    for (const limit of [{ max_tokens: 5 }, { max_completion_tokens: 5 }]) {
      const answer = await client.chat.completions.create({ ...ask('hello'), ...limit })
      expect(answer.choices[0]?.finish_reason).toBe('length')
      expect(answer.usage?.completion_tokens).toBe(5)
    }
  })

  it('reads the text of content parts', async () => {
    const { client } = await start()
    const text = 'Tell me about your day.'
    const plain = await client.chat.completions.create(ask(text))
    const parts = await client.chat.completions.create({
      model: 'sim-mini',
      messages: [{ role: 'user', content: [{ type: 'text', text }] }],
    })
    expect(parts.choices[0]?.message.content).toBe(plain.choices[0]?.message.content)
  })
})

describe('a streamed answer', () => {
  it('opens with the role, joins to the whole answer and ends with the reason', async () => {
    const { client } = await start()
    const request = ask('Summarise the meeting in two sentences.')
    const whole = await client.chat.completions.create(request)
    const chunks = await collect(await client.chat.completions.create({ ...request, stream: true }))
    expect(chunks[0]?.choices[0]?.delta).toMatchObject({ role: 'assistant', content: '' })
    const text = chunks.map(chunk => chunk.choices[0]?.delta.content ?? '').join('')
    expect(text).toBe(whole.choices[0]?.message.content)
    expect(chunks.at(-1)?.choices[0]).toMatchObject({ delta: {}, finish_reason: 'stop' })
    expect(chunks.some(chunk => 'usage' in chunk)).toBe(false)
    expect(new Set(chunks.map(({ id }) => id)).size).toBe(1)
  })

  it('says usage null on every chunk and the figure on a last one without choices, where usage is asked for', async () => {
    const { client } = await start()
    const stream = await client.chat.completions.create({
      ...ask('hello'),
      stream: true,
      stream_options: { include_usage: true },
    })
    const chunks = await collect(stream)
    const last = chunks.pop()
    expect(chunks.every(chunk => chunk.usage === null && chunk.choices.length === 1)).toBe(true)
    expect(last?.choices).toEqual([])
    expect(last?.usage?.completion_tokens).toBe(chunks.length - 2)
  })

  it('ends with [DONE] on the wire', async () => {
    const { url } = await start()
    const response = await fetch(`${url}/v1/chat/completions`, {
      method: 'POST',
      body: JSON.stringify({ ...ask('hello'), stream: true }),
    })
    expect(response.headers.get('content-type')).toContain('text/event-stream')
    expect((await response.text()).endsWith('\n\ndata: [DONE]\n\n')).toBe(true)
  })
})

describe('tools', () => {
  const messages = ask('Is it raining in Lisbon?').messages

  it('are called when the choice forces it, with arguments that satisfy the schema', async () => {
    const { client } = await start()
    for (const tool_choice of [
      'required',
      { type: 'function', function: { name: 'get_weather' } },
    ] as const) {
      const request = { model: 'sim-mini', messages, tools: [WEATHER], tool_choice }
      const { choices } = await client.chat.completions.create(request)
      expect(choices[0]?.finish_reason).toBe('tool_calls')
      expect(choices[0]?.message.content).toBeNull()
      const call = choices[0]?.message.tool_calls?.[0]
      if (call?.type !== 'function') throw new Error('no function call')
      expect(call.function.name).toBe('get_weather')
      expect(
        Check(
          WEATHER.type === 'function' ? (WEATHER.function.parameters ?? {}) : {},
          JSON.parse(call.function.arguments),
        ),
      ).toBe(true)
    }
  })

  it('are left alone by a plain question, by none, and after their result came', async () => {
    const { client } = await start()
    const base = { model: 'sim-mini', tools: [WEATHER] }
    const asking = ask('Please use the get_weather tool.').messages
    const finish = async (request: object) => {
      const answer = await client.chat.completions.create({ ...base, messages, ...request })
      return answer.choices[0]?.finish_reason
    }
    expect(await finish({})).toBe('stop')
    expect(await finish({ messages: asking })).toBe('tool_calls')
    expect(await finish({ messages: asking, tool_choice: 'none' })).toBe('stop')
    const answered = [...asking, { role: 'tool', tool_call_id: 'call-1', content: '{"rain": true}' }]
    expect(await finish({ messages: answered })).toBe('stop')
  })

  it('stream as argument fragments that the client puts together', async () => {
    const { client } = await start()
    const runner = client.chat.completions.stream({
      model: 'sim-mini',
      messages,
      tools: [WEATHER],
      tool_choice: 'required',
    })
    const final = await runner.finalChatCompletion()
    const call = final.choices[0]?.message.tool_calls?.[0]
    expect(call?.type === 'function' && JSON.parse(call.function.arguments)).toMatchObject({
      unit: 'celsius',
    })
  })
})

describe('response_format', () => {
  it('json_object gives valid JSON that carries the quality', async () => {
    const { client } = await start()
    const answer = await client.chat.completions.create({
      ...ask('Extract the names as JSON: Ann met Bob.'),
      response_format: { type: 'json_object' },
    })
    expect(JSON.parse(answer.choices[0]?.message.content ?? '')).toMatchObject({
      simulated: true,
      kind: 'extraction',
    })
  })

  it('json_schema gives an instance of the schema, a recursive one included', async () => {
    const { client } = await start()
    const schema = {
      type: 'object',
      properties: {
        title: { type: 'string', maxLength: 4 },
        score: { type: 'number', minimum: 0.5, maximum: 1 },
        due: { type: ['string', 'null'], format: 'date' },
        tags: { type: 'array', items: { enum: ['a', 'b'] }, minItems: 2 },
        parent: { anyOf: [{ $ref: '#' }, { type: 'null' }] },
      },
      required: ['title', 'score', 'due', 'tags', 'parent'],
      additionalProperties: false,
    }
    const answer = await client.chat.completions.create({
      ...ask('Describe the task.'),
      response_format: { type: 'json_schema', json_schema: { name: 'task', strict: true, schema } },
    })
    expect(Check(schema, JSON.parse(answer.choices[0]?.message.content ?? ''))).toBe(true)
  })
})

describe('models', () => {
  it('are listed by account, with their prices', async () => {
    const { client, url } = await start()
    const alpha = await client.models.list()
    expect(alpha.data.map(({ id }) => id)).toEqual(['sim-nano', 'sim-mini', 'sim-large', 'sim-embedding'])
    const all = (await (await fetch(`${url}/v1/models`)).json()) as {
      data: { id: string; pricing: unknown }[]
    }
    expect(all.data).toHaveLength(6)
    expect(all.data[0]?.pricing).toEqual({ input_usd_per_mtok: 0.05, output_usd_per_mtok: 0.4 })
    expect((await client.models.retrieve('sim-nano')).id).toBe('sim-nano')
  })
})
