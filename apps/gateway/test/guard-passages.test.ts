/** The door for what is no chat: texts to embed, and OpenAI's Responses. */
import type { EmbeddingBody } from '@atp/domain/adapter'
import { type Finding, type Guardrails, RequestGuard, type TextGuard } from '@atp/domain/guardrail'
import { describe, expect, it } from 'vitest'
import type { Exchange } from '../src/corridor/exchange.ts'
import { guardRequest, requireReadableInput, requireUnreadAnswers } from '../src/corridor/guard.ts'

const OFF: Guardrails = { request: null, answer: null }
const ON = { request: {}, answer: {} } as unknown as Guardrails

function guarded(body: object, guards: readonly TextGuard[], most?: number) {
  const told: Finding[] = []
  const request = new RequestGuard({
    size:
      most === undefined
        ? null
        : {
            mode: 'block',
            limits: { bytes: most },
            measures: {
              bytes: ({ messages }) => messages.reduce((sum, { content }) => sum + String(content).length, 0),
              tokens: () => 0,
              messages: ({ messages }) => messages.length,
            },
          },
    guards,
    tell: finding => void told.push(finding),
  })
  return guardRequest({ request, answer: null }, { body } as Exchange<object>).exchange.body
}

describe('what is no chat', () => {
  it.each([
    { model: 'm', input: 'ten bytes.' },
    { model: 'm', input: ['ten ', 'bytes.'] },
    { model: 'm', input: [{ role: 'user', content: [{ type: 'input_text', text: 'ten bytes.' }] }] },
  ])('is measured by its texts: %j', body => {
    expect(guarded(body, [], 10)).toBe(body)
    expect(() => guarded(body, [], 9)).toThrow(expect.objectContaining({ code: 'guardrail_blocked' }))
  })

  it('is not let in as tokens, which no guardrail reads', () => {
    const tokens = [[1, 2], [3]] as EmbeddingBody['input']
    for (const input of [tokens, [1, 2]]) {
      const body = { model: 'm', input }
      expect(() => requireReadableInput(ON, body)).toThrow(
        expect.objectContaining({ code: 'invalid_request' }),
      )
      expect(() => requireReadableInput(OFF, body)).not.toThrow()
    }
    expect(() => requireReadableInput(ON, { model: 'm', input: ['a'] })).not.toThrow()
  })

  it('is not answered unread where guardrails look at answers', () => {
    expect(() => requireUnreadAnswers(ON)).toThrow(expect.objectContaining({ code: 'not_found' }))
    expect(() => requireUnreadAnswers(OFF)).not.toThrow()
  })
})
