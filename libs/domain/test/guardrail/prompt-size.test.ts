/** The size of what is no chat: texts to embed, and OpenAI's Responses. */
import { describe, expect, it } from 'vitest'
import { RequestGuard } from '../../src/guardrail/index.ts'

function guardOf(bytes: number): RequestGuard {
  return new RequestGuard({
    size: {
      mode: 'block',
      limits: { bytes },
      measures: {
        bytes: ({ messages }) => messages.reduce((sum, { content }) => sum + String(content).length, 0),
        tokens: () => 0,
        messages: ({ messages }) => messages.length,
      },
    },
    guards: [],
    tell: () => undefined,
  })
}

describe('what is no chat', () => {
  it.each([
    { model: 'm', input: 'ten bytes.' },
    { model: 'm', input: ['ten ', 'bytes.'] },
    { model: 'm', input: [{ role: 'user', content: [{ type: 'input_text', text: 'ten bytes.' }] }] },
  ])('is measured by its texts: %j', body => {
    expect(guardOf(10).check(body).body).toBe(body)
    expect(() => guardOf(9).check(body)).toThrow(expect.objectContaining({ code: 'guardrail_blocked' }))
  })
})
