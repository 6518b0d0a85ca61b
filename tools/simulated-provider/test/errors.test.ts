import OpenAI from 'openai'
import { describe, expect, it } from 'vitest'
import { ask, start } from './start.ts'

async function post(url: string, body: string) {
  const response = await fetch(`${url}/v1/chat/completions`, { method: 'POST', body })
  const { error } = (await response.json()) as {
    error: { type: string; param: string | null; code: string | null }
  }
  return { status: response.status, ...error }
}

describe('OpenAI error objects', () => {
  it('404 for a model that the account does not serve', async () => {
    const { client } = await start()
    for (const model of ['gpt-unknown', 'sim-coder']) {
      const error = await client.chat.completions.create(ask('hi', model)).catch((thrown: unknown) => thrown)
      expect(error).toBeInstanceOf(OpenAI.NotFoundError)
      expect(error).toMatchObject({ code: 'model_not_found', type: 'invalid_request_error' })
    }
    await expect(client.models.retrieve('gpt-unknown')).rejects.toBeInstanceOf(OpenAI.NotFoundError)
  })

  it.each([
    ['{"model": "sim-mini", "messages"', null, null],
    ['[]', null, null],
    ['{"model": "sim-mini"}', 'messages', 'missing_required_parameter'],
    ['{"model": "sim-mini", "messages": []}', 'messages', 'empty_array'],
    ['{"model": "sim-mini", "messages": ["hi"]}', 'messages[0]', 'invalid_type'],
    ['{"messages": [{"role": "user", "content": "hi"}]}', 'model', 'missing_required_parameter'],
    ['{"model": "sim-mini", "messages": [{"role": "user"}], "max_tokens": 0}', 'max_tokens', 'invalid_value'],
    ['{"model": "sim-mini", "messages": [{"role": "user"}], "n": 2}', 'n', 'invalid_value'],
    [
      '{"model": "sim-mini", "messages": [{"role": "user"}], "response_format": {"type": "xml"}}',
      'response_format.type',
      'invalid_value',
    ],
    [
      '{"model": "sim-mini", "messages": [{"role": "user"}], "tool_choice": {"function": {"name": "f"}}}',
      'tool_choice',
      'invalid_value',
    ],
  ])('400 for %s', async (body, param, code) => {
    const { url } = await start()
    expect(await post(url, body)).toMatchObject({ status: 400, type: 'invalid_request_error', param, code })
  })

  it('401 where the key is not the configured one, without repeating it', async () => {
    const { url } = await start({ apiKey: 'right' })
    const withKey = (apiKey: string) => new OpenAI({ baseURL: `${url}/alpha/v1`, apiKey, maxRetries: 0 })
    const error = await withKey('wrong-key')
      .models.list()
      .catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(OpenAI.AuthenticationError)
    expect((error as Error).message).not.toContain('wrong-key')
    await expect(withKey('right').models.list()).resolves.toBeDefined()
  })

  it('404 for an address or an account that does not exist', async () => {
    const { url } = await start()
    for (const path of ['/', '/v1/embeddings', '/gamma/v1/models', '/control/nothing']) {
      expect((await fetch(url + path)).status).toBe(404)
    }
  })
})
