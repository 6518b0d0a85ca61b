import { describe, expect, it } from 'vitest'
import { requestBody } from '../../src/providers/request-body.ts'
import { call, PROMPT } from './support/provider-under-test.ts'

const whole = (body: object, maxOutputTokens?: number) =>
  JSON.parse(requestBody(call({ ...body }, maxOutputTokens === undefined ? {} : { maxOutputTokens }), null))
const streamed = (body: object, askForUsage: boolean) =>
  JSON.parse(requestBody(call({ ...body }), { askForUsage }))

describe('the request body', () => {
  it('names the model as the upstream does, and drops our options', () => {
    expect(whole({ atp: { quality: 'high' } })).toEqual({ model: 'upstream-model', messages: PROMPT })
  })

  it('passes everything else through, what we do not know included', () => {
    const rest = {
      tools: [{ type: 'function', function: { name: 'f', parameters: { type: 'object' } } }],
      response_format: { type: 'json_object' },
      seed: 7,
      stop: null,
      max_tokens: 10,
      x_unknown: { deep: [1, null, 'ü'] },
    }
    expect(whole(rest)).toEqual({ model: 'upstream-model', messages: PROMPT, ...rest })
  })

  it('asks for usage only where it should, and keeps the other stream options', () => {
    expect(streamed({ stream: true }, false)).not.toHaveProperty('stream_options')
    expect(streamed({ stream: true }, true).stream_options).toEqual({ include_usage: true })
    expect(streamed({ stream_options: { include_usage: false, x: 1 } }, true)).toMatchObject({
      stream: true,
      stream_options: { include_usage: true, x: 1 },
    })
  })

  it('asks for a whole answer where one is wanted, whatever the body says', () => {
    const body = whole({ stream: true, stream_options: { include_usage: true } })
    expect(body.stream).toBe(false)
    expect(body).not.toHaveProperty('stream_options')
  })

  it.each([
    ['neither', {}, { max_completion_tokens: 50 }],
    ['null', { max_tokens: null }, { max_tokens: null, max_completion_tokens: 50 }],
    ['a higher max_tokens', { max_tokens: 80 }, { max_tokens: 50 }],
    ['a lower max_tokens', { max_tokens: 20 }, { max_tokens: 20 }],
    ['a higher max_completion_tokens', { max_completion_tokens: 80 }, { max_completion_tokens: 50 }],
    ['both', { max_tokens: 80, max_completion_tokens: 20 }, { max_tokens: 50, max_completion_tokens: 20 }],
  ])('sends the lower limit where routing imposes one and the client sent %s', (_name, body, expected) => {
    expect(whole(body, 50)).toEqual({ model: 'upstream-model', messages: PROMPT, ...expected })
  })

  it('calls the limit as the upstream does', () => {
    const limited = { ...call({}, { maxOutputTokens: 50 }), body: { model: 'auto', messages: PROMPT } }
    expect(JSON.parse(requestBody(limited, null, 'max_tokens'))).toEqual({
      model: 'upstream-model',
      messages: PROMPT,
      max_tokens: 50,
    })
  })

  it.each([
    [{ max_completion_tokens: 30 }, 30],
    [{ max_completion_tokens: 30, max_tokens: 20 }, 20],
    [{ max_completion_tokens: 80 }, 50],
  ])("calls the client's limit as the upstream does: %o", (body, max_tokens) => {
    const limited = call(body, { maxOutputTokens: 50 })
    const sent = JSON.parse(requestBody(limited, null, 'max_tokens')) as Record<string, unknown>
    expect(sent.max_tokens).toBe(max_tokens)
    expect(sent).not.toHaveProperty('max_completion_tokens')
  })

  it("leaves the client's own body as it was", () => {
    const body = Object.freeze({ model: 'auto', messages: PROMPT, atp: {}, max_tokens: 80 })
    requestBody({ ...call({}, { maxOutputTokens: 5 }), body }, { askForUsage: true })
    expect(body).toEqual({ model: 'auto', messages: PROMPT, atp: {}, max_tokens: 80 })
  })
})
