import { countPromptTokens, countTokens } from '@atp/infrastructure/providers'
import fc from 'fast-check'
import { countTokens as reference } from 'gpt-tokenizer/encoding/o200k_base'
import { describe, expect, it } from 'vitest'

describe('countTokens', () => {
  it('counts as the tokenizer does', () => {
    const ordinary = fc.array(
      fc.constantFrom('the ', 'Wörter', ' 12345', '\n\n', '  ', '你好', '{"a":[1]}', '👋🏽', "don't"),
    )
    fc.assert(
      fc.property(
        ordinary.map(parts => parts.join('')),
        text => {
          expect(countTokens(text)).toBe(reference(text))
        },
      ),
    )
  })

  it('takes special tokens for text', () => {
    expect(countTokens('<|endoftext|>')).toBeGreaterThan(1)
  })

  it.each([
    ['one letter', 'a'],
    ['spaces', ' '],
    ['line ends', '\n'],
    ['signs', '='],
    ['slashes and line ends', '/\n'],
    ['letters without a break', 'qzjxkvbpwgyf'],
    ['Chinese without a break', '我们在这里说话'],
    ['emoji', '👋'],
    ['combining marks', 'a\u0301'],
  ])('comes to an end with 8 MiB of %s', (_name, unit) => {
    const tokens = countTokens(unit.repeat((8 * 1024 * 1024) / unit.length))
    expect(tokens).toBeGreaterThan(1000)
    expect(Number.isInteger(tokens)).toBe(true)
  })

  it.each([
    ['letters', 'qzjxkvbpwgyf'.repeat(30)],
    ['Chinese', '我们在这里说话'.repeat(50)],
  ])('stays within 3%% where it must cut a run of %s', (_name, text) => {
    expect(Math.abs(countTokens(text) / reference(text) - 1)).toBeLessThan(0.03)
  })

  it('extrapolates a long text from parts of all of it', () => {
    const half = 'The quick brown fox jumps over the lazy dog. '.repeat(20_000)
    const other = '{"key": 12345, "x": [null, true]}\n'.repeat(20_000)
    const exact = countTokens(half.slice(0, 45_000)) * 20 + countTokens(other.slice(0, 34_000)) * 20
    expect(Math.abs(countTokens(half + other) / exact - 1)).toBeLessThan(0.03)
  })
})

describe('countPromptTokens', () => {
  const overhead = 3 + 3 + 1

  it('adds what the format adds', () => {
    expect(countPromptTokens({ messages: [{ role: 'user', content: 'Hello' }] })).toBe(overhead + 1)
    expect(countPromptTokens({ messages: [] })).toBe(3)
    expect(countPromptTokens({ messages: [{ role: 'assistant', content: null }] })).toBe(overhead)
  })

  it('counts text parts, images at a flat rate, and calls of tools', () => {
    const parts = [
      { type: 'text', text: 'Hello' },
      { type: 'image_url', image_url: { url: `data:image/png;base64,${'A'.repeat(100_000)}` } },
    ]
    expect(countPromptTokens({ messages: [{ role: 'user', content: parts }] })).toBe(overhead + 1 + 765)
    const tool_calls = [{ id: 'c', type: 'function', function: { name: 'f', arguments: '{}' } }]
    expect(countPromptTokens({ messages: [{ role: 'assistant', content: null, tool_calls }] })).toBe(
      overhead + countTokens(JSON.stringify(tool_calls)),
    )
  })

  it('counts tools and the format of the answer, which the provider writes into the prompt', () => {
    const messages = [{ role: 'user', content: 'Hello' }]
    const tools = [{ type: 'function', function: { name: 'f', parameters: { type: 'object' } } }]
    const response_format = { type: 'json_schema', json_schema: { name: 's', schema: {} } }
    expect(countPromptTokens({ messages, tools, response_format })).toBe(
      overhead + 1 + countTokens(JSON.stringify(tools)) + countTokens(JSON.stringify(response_format)),
    )
    expect(countPromptTokens({ messages, tools: null, response_format: null })).toBe(overhead + 1)
  })

  it('comes to an end with very many messages', () => {
    const messages = Array.from({ length: 200_000 }, () => ({ role: 'user', content: 'Hello there' }))
    expect(countPromptTokens({ messages })).toBeGreaterThan(200_000 * 6)
  })
})
