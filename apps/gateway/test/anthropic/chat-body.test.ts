import { describe, expect, it } from 'vitest'
import { chatBodyOfMessages } from '../../src/http/anthropic/chat-body.ts'
import type { MessagesRequest } from '../../src/http/schemas/messages.ts'

const ask = (request: object): MessagesRequest =>
  ({
    model: 'auto',
    max_tokens: 100,
    messages: [{ role: 'user', content: 'Hi' }],
    ...request,
  }) as MessagesRequest

const problemOf = (request: object): unknown => {
  try {
    chatBodyOfMessages(ask(request))
    return null
  } catch (error) {
    return (error as { problems: unknown[] }).problems[0]
  }
}

describe('a message as a chat completion', () => {
  it('says how the answer is to be', () => {
    const body = chatBodyOfMessages(
      ask({
        system: 'Be brief.',
        stop_sequences: ['END'],
        temperature: 0.5,
        top_p: 0.9,
        stream: true,
        metadata: { user_id: 'u1' },
        output_config: { effort: 'high', format: { type: 'json_schema', schema: { type: 'object' } } },
      }),
    )
    expect(body).toEqual({
      model: 'auto',
      messages: [
        { role: 'system', content: 'Be brief.' },
        { role: 'user', content: 'Hi' },
      ],
      max_completion_tokens: 100,
      stop: ['END'],
      temperature: 0.5,
      top_p: 0.9,
      stream: true,
      user: 'u1',
      reasoning_effort: 'high',
      response_format: {
        type: 'json_schema',
        json_schema: { name: 'answer', strict: true, schema: { type: 'object' } },
      },
    })
  })

  it('leaves out what an empty list of Anthropic says nothing with', () => {
    expect(chatBodyOfMessages(ask({ stop_sequences: [], tools: [], system: [] }))).toEqual({
      model: 'auto',
      messages: [{ role: 'user', content: 'Hi' }],
      max_completion_tokens: 100,
    })
  })

  it('keeps images, text and what is to be cached in their order', () => {
    const cache_control = { type: 'ephemeral' }
    const content = [
      { type: 'text', text: 'Look', cache_control },
      { type: 'image', source: { type: 'base64', media_type: 'image/png', data: 'AAAA' } },
      { type: 'image', source: { type: 'url', url: 'https://example.com/a.png' } },
    ]
    expect(chatBodyOfMessages(ask({ messages: [{ role: 'user', content }] })).messages).toEqual([
      {
        role: 'user',
        content: [
          { type: 'text', text: 'Look', cache_control },
          { type: 'image_url', image_url: { url: 'data:image/png;base64,AAAA' } },
          { type: 'image_url', image_url: { url: 'https://example.com/a.png' } },
        ],
      },
    ])
  })

  it('has uses of tools and their results where OpenAI has them', () => {
    const messages = [
      { role: 'user', content: 'Weather?' },
      {
        role: 'assistant',
        content: [
          { type: 'text', text: 'I look.' },
          { type: 'tool_use', id: 'a', name: 'weather', input: { city: 'Oslo' } },
          { type: 'tool_use', id: 'b', name: 'weather', input: { city: 'Rome' } },
        ],
      },
      {
        role: 'user',
        content: [
          { type: 'tool_result', tool_use_id: 'a', content: 'cold' },
          {
            type: 'tool_result',
            tool_use_id: 'b',
            is_error: true,
            content: [{ type: 'text', text: 'no data' }],
          },
          { type: 'text', text: 'So?' },
        ],
      },
    ]
    const tools = [{ name: 'weather', description: 'Says it', input_schema: { type: 'object' } }]
    const body = chatBodyOfMessages(
      ask({
        messages,
        tools,
        tool_choice: { type: 'tool', name: 'weather', disable_parallel_tool_use: true },
      }),
    )
    const call = (id: string, city: string) => ({
      id,
      type: 'function',
      function: { name: 'weather', arguments: `{"city":"${city}"}` },
    })
    expect(body.messages).toEqual([
      { role: 'user', content: 'Weather?' },
      { role: 'assistant', content: 'I look.', tool_calls: [call('a', 'Oslo'), call('b', 'Rome')] },
      { role: 'tool', tool_call_id: 'a', content: 'cold' },
      {
        role: 'tool',
        tool_call_id: 'b',
        content: [
          { type: 'text', text: 'The tool failed:' },
          { type: 'text', text: 'no data' },
        ],
      },
      { role: 'user', content: 'So?' },
    ])
    expect(body).toMatchObject({
      tools: [
        {
          type: 'function',
          function: { name: 'weather', description: 'Says it', parameters: { type: 'object' } },
        },
      ],
      tool_choice: { type: 'function', function: { name: 'weather' } },
      parallel_tool_calls: false,
    })
  })

  it('takes back what an answer of its own may be: a text behind a call, and what is to be cached', () => {
    const cache_control = { type: 'ephemeral' }
    const content = [
      { type: 'tool_use', id: 'a', name: 'n', input: {}, cache_control },
      { type: 'text', text: 'So?' },
    ]
    const messages = [
      { role: 'assistant', content },
      { role: 'user', content: 'Go on' },
    ]
    expect(chatBodyOfMessages(ask({ messages })).messages[0]).toEqual({
      role: 'assistant',
      content: 'So?',
      tool_calls: [{ id: 'a', type: 'function', function: { name: 'n', arguments: '{}' }, cache_control }],
    })
  })

  it.each([
    ['auto', 'auto'],
    ['any', 'required'],
    ['none', 'none'],
  ])('lets a model use tools as %s says', (type, said) => {
    expect(chatBodyOfMessages(ask({ tool_choice: { type } })).tool_choice).toBe(said)
  })

  const user = (...content: object[]) => ({ messages: [{ role: 'user', content }] })
  const assistant = (...content: object[]) => ({
    messages: [
      { role: 'assistant', content },
      { role: 'user', content: 'Go on' },
    ],
  })
  const text = { type: 'text', text: 't' }
  it.each([
    ['a document', user({ type: 'document', source: {} }), 'messages[0].content[0].type'],
    ['citations', user({ ...text, citations: [{}] }), 'messages[0].content[0].citations'],
    [
      'an image by file',
      user({ type: 'image', source: { type: 'file' } }),
      'messages[0].content[0].source.type',
    ],
    [
      'an unknown kind of image',
      user({ type: 'image', source: { type: 'base64', media_type: 'image/tiff', data: '' } }),
      'messages[0].content[0].source.media_type',
    ],
    ['nothing said', user(), 'messages[0].content'],
    [
      'a result behind a text',
      user(text, { type: 'tool_result', tool_use_id: 'a' }),
      'messages[0].content[1]',
    ],
    [
      'an image as a result',
      user({ type: 'tool_result', tool_use_id: 'a', content: [{ type: 'image' }] }),
      'messages[0].content[0].content[0].type',
    ],
    [
      'a thought',
      assistant({ type: 'thinking', thinking: '', signature: '' }),
      'messages[0].content[0].type',
    ],
    ['an empty system message', { messages: [{ role: 'system', content: [] }] }, 'messages[0].content'],
    [
      'the beginning of the answer',
      { messages: [{ role: 'assistant', content: 'The answer is' }] },
      'messages[0].role',
    ],
    [
      'a tool of Anthropic',
      { tools: [{ type: 'web_search_20250305', name: 'web_search' }] },
      'tools[0].type',
    ],
    ['a tool without a schema', { tools: [{ name: 'a' }] }, 'tools[0].input_schema'],
    ['a choice without a name', { tool_choice: { type: 'tool' } }, 'tool_choice.name'],
  ])('refuses %s, and names it', (_, request, field) => {
    expect(problemOf(request)).toMatchObject({
      field,
      found: expect.any(String),
      allowed: expect.any(String),
    })
  })
})
