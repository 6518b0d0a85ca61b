import { AtpError } from '@atp/core/errors'
import { Secret } from '@atp/core/secret'
import { createOpenAiCompatibleProvider } from '@atp/infrastructure/providers'
import { describe, expect, it } from 'vitest'
import { API_KEY, call, PATIENT, providerFor, streamCall } from './support/provider-under-test.ts'
import { json, ScriptedUpstream } from './support/scripted-upstream.ts'

const completion = {
  choices: [{ message: { content: 'x' } }],
  usage: { prompt_tokens: 1, completion_tokens: 1 },
}

function refusal(overrides: object): AtpError {
  const options = { adapterId: 'openai', baseUrl: 'https://api.example/v1', apiKey: null, streamUsage: true }
  try {
    createOpenAiCompatibleProvider({ ...options, timeouts: PATIENT, maxConnections: 1, ...overrides })
  } catch (error) {
    if (error instanceof AtpError) return error
  }
  throw new Error('it was accepted')
}

describe('the connection', () => {
  it('posts to the chat completions endpoint with the key and the headers of the configuration', async () => {
    await using upstream = await ScriptedUpstream.start(response => json(response, completion))
    await using provider = providerFor(upstream, { headers: { 'X-Title': 'mine', 'User-Agent': 'own' } })
    await provider.complete(call())
    expect(upstream.last).toMatchObject({
      method: 'POST',
      url: '/v1/chat/completions',
      headers: {
        'content-type': 'application/json',
        authorization: `Bearer ${API_KEY}`,
        accept: 'application/json',
        'x-title': 'mine',
        'user-agent': 'own',
      },
    })
  })

  it('sends no authorization without a key', async () => {
    await using upstream = await ScriptedUpstream.start(response => json(response, completion))
    await using provider = providerFor(upstream, { apiKey: null })
    await provider.complete(call())
    expect(upstream.last.headers).not.toHaveProperty('authorization')
  })

  it('asks for an event stream where it streams', async () => {
    await using upstream = await ScriptedUpstream.start(response => json(response, {}, 500))
    await using provider = providerFor(upstream)
    await provider.stream(streamCall()).catch(() => {})
    expect(upstream.last.headers.accept).toBe('text/event-stream')
  })

  it.each([
    ['/', '/chat/completions'],
    ['/openai/v1/', '/openai/v1/chat/completions'],
    ['/v1?api-version=2', '/v1/chat/completions?api-version=2'],
  ])('puts the endpoint under the base URL %s', async (suffix, url) => {
    await using upstream = await ScriptedUpstream.start(response => json(response, completion))
    await using provider = providerFor({ baseUrl: new URL(upstream.baseUrl).origin + suffix })
    await provider.complete(call())
    expect(upstream.last.url).toBe(url)
  })

  it.each([
    ['base_url', { baseUrl: 'api.example/v1' }],
    ['base_url', { baseUrl: 'ftp://api.example' }],
    ['base_url', { baseUrl: 'https://user:hush@api.example' }],
    ['api_key', { apiKey: new Secret('hush\n') }],
    ['headers', { headers: { 'a b': 'c' } }],
    ['headers', { headers: { Connection: 'close' } }],
    ['headers.x-key', { headers: { 'x-key': 'hush\r\nx: y' } }],
  ])('is refused at start, by name and without a secret: %s', (key, overrides) => {
    const error = refusal(overrides)
    expect(error.code).toBe('invalid_config')
    expect(error.problems[0]?.field).toBe(`adapters.openai.${key}`)
    expect(`${error.message}${JSON.stringify(error.problems)}`).not.toContain('hush')
  })
})
