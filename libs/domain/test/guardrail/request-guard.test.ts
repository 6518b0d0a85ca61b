import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { ChatBody } from '../../src/adapter/index.ts'
import {
  type Detector,
  type Finding,
  type GuardrailMode,
  RequestGuard,
  type RequestGuardOptions,
  replaceStrings,
} from '../../src/guardrail/index.ts'

/** Finds the word `secret`. */
const detector: Detector = {
  find: text =>
    Array.from(text.matchAll(/secret/g), ({ index }) => ({ start: index, end: index + 6, kind: 'word' })),
  reading: () => {
    throw new Error('a prompt is there as a whole')
  },
  placeholder: kind => `[${kind.toUpperCase()}]`,
}

function guard(mode: Exclude<GuardrailMode, 'off'>, options: Partial<RequestGuardOptions> = {}) {
  const findings: Finding[] = []
  const request = new RequestGuard({
    size: null,
    guards: [{ name: 'patterns', mode, detector }],
    tell: finding => findings.push(finding),
    ...options,
  })
  return { request, findings }
}

const BODY: ChatBody = {
  model: 'secret',
  user: 'secret',
  messages: [
    { role: 'system', content: 'secret' },
    {
      role: 'user',
      content: [
        { type: 'text', text: 'a secret, a secret' },
        { type: 'image_url', image_url: { url: 'data:image/png;base64,secret' } },
      ],
    },
    {
      role: 'assistant',
      content: null,
      tool_calls: [{ id: 'secret', function: { name: 'secret', arguments: '{"a":secret,"b":"\\"secret"}' } }],
    },
    { role: 'tool', tool_call_id: 'secret', content: 'secret' },
  ],
  tools: [{ type: 'function', function: { name: 'secret', description: 'secret' } }],
  metadata: { note: 'secret' },
}

describe('the texts of a request', () => {
  it('are masked wherever they are; names, references and bytes are not', () => {
    const { request, findings } = guard('mask')
    const { body, masked } = request.check(BODY)
    expect(body).toEqual({
      ...BODY,
      user: '[WORD]',
      messages: [
        { role: 'system', content: '[WORD]' },
        {
          role: 'user',
          content: [
            { type: 'text', text: 'a [WORD], a [WORD]' },
            { type: 'image_url', image_url: { url: 'data:image/png;base64,secret' } },
          ],
        },
        {
          role: 'assistant',
          content: null,
          tool_calls: [
            { id: 'secret', function: { name: 'secret', arguments: '{"a":"[WORD]","b":"\\"[WORD]"}' } },
          ],
        },
        { role: 'tool', tool_call_id: 'secret', content: '[WORD]' },
      ],
      tools: [{ type: 'function', function: { name: 'secret', description: '[WORD]' } }],
      metadata: { note: '[WORD]' },
    })
    expect(masked).toEqual(new Map([['patterns', 9]]))
    expect(findings).toHaveLength(9)
  })

  it('are those of a property with the name of a reference too, and no bytes of an image', () => {
    const properties = (description: string) => ({ data: { description }, id: { enum: [description] } })
    const body = (text: string) => ({
      model: 'm',
      input: [
        { role: 'user', content: [{ type: 'input_image', image_url: 'data:image/png;base64,secret' }] },
      ],
      tools: [{ type: 'function', name: 'read', parameters: { properties: properties(text) } }],
      atp: { task: 'secret' },
    })
    expect(guard('mask').request.check(body('secret')).body).toEqual(body('[WORD]'))
  })

  it('are the very same where nothing is found, or it is only reported', () => {
    const plain = { model: 'auto', messages: [{ role: 'user', content: 'nothing' }] }
    expect(guard('mask').request.check(plain).body).toBe(plain)
    const { request, findings } = guard('report')
    expect(request.check(BODY).body).toBe(BODY)
    expect(request.check(BODY).masked.size).toBe(0)
    expect(findings[0]).toEqual({ guardrail: 'patterns', kind: 'word', action: 'report' })
  })

  it('are refused by guardrail, kind and place, never by what they say', () => {
    const messages = [
      { role: 'user', content: 'fine' },
      { role: 'user', content: [{ type: 'text', text: 'my secret' }] },
    ]
    let thrown: unknown
    try {
      guard('block').request.check({ model: 'auto', messages })
    } catch (error) {
      thrown = error
    }
    expect(thrown).toMatchObject({
      code: 'guardrail_blocked',
      problems: [{ field: 'messages[1].content[0].text' }],
      context: { guardrail: 'patterns', kind: 'word' },
    })
    expect(JSON.stringify(thrown)).not.toContain('secret')
  })

  it('keep a field of any name', () => {
    fc.assert(
      fc.property(fc.jsonValue(), value => {
        expect(replaceStrings(value, '', ({ text }) => text)).toBe(value)
      }),
    )
    const hostile = JSON.parse('{"__proto__": "x", "constructor": "x"}') as object
    const replaced = replaceStrings(hostile, '', () => 'y') as object
    expect(JSON.stringify(replaced)).toBe('{"__proto__":"y","constructor":"y"}')
  })
})

describe('the size of a prompt', () => {
  const sized = (mode: 'report' | 'block', limits: object) =>
    guard('mask', {
      guards: [],
      size: {
        mode,
        limits,
        measures: { tokens: () => 11, bytes: () => 22, messages: ({ messages }) => messages.length },
      },
    })

  it('is refused beyond a limit, with both figures', () => {
    const { request, findings } = sized('block', { tokens: 10, bytes: 22 })
    expect(() => request.check(BODY)).toThrow(
      expect.objectContaining({
        code: 'guardrail_blocked',
        problems: [{ field: 'messages', found: '11 tokens', allowed: 'at most 10 tokens' }],
      }),
    )
    expect(findings).toEqual([{ guardrail: 'prompt_size', kind: 'tokens', action: 'block' }])
  })

  it('is only counted where it is to be reported', () => {
    const { request, findings } = sized('report', { messages: 3, tokens: 10 })
    expect(request.check(BODY).body).toBe(BODY)
    expect(findings.map(({ kind }) => kind)).toEqual(['messages', 'tokens'])
  })
})
