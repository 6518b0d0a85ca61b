import { describe, expect, it } from 'vitest'
import { kindProblems } from '../../src/config/adapter-kind-rules.ts'
import type { AdapterSchema } from '../../src/config/adapter-schema.ts'

const fieldsOf = (adapter: object): string[] =>
  kindProblems(adapter as AdapterSchema, 'adapters[0]').map(({ field }) => field.replace('adapters[0].', ''))

describe('a kind of adapter', () => {
  it.each([
    { kind: 'openai-compatible', base_url: 'http://127.0.0.1/v1?version=1' },
    { kind: 'anthropic', api_key: 'env:KEY' },
    { kind: 'google', api_key: 'env:KEY', base_url: 'https://proxy.internal/gemini' },
    { kind: 'cohere', api_key: 'env:KEY' },
    { kind: 'bedrock', region: 'eu-central-1', api_key: 'env:KEY' },
    { kind: 'bedrock', region: 'eu-central-1', access_key_id: 'env:A', secret_access_key: 'env:B' },
  ])('has all that it needs: $kind', adapter => {
    expect(fieldsOf(adapter)).toEqual([])
  })

  it('says what it lacks', () => {
    expect(fieldsOf({ kind: 'openai-compatible' })).toEqual(['base_url'])
    expect(fieldsOf({ kind: 'anthropic' })).toEqual(['api_key'])
    expect(fieldsOf({ kind: 'bedrock' })).toEqual(['region', 'api_key'])
    expect(fieldsOf({ kind: 'bedrock', region: 'eu-central-1', session_token: 'env:T' })).toEqual([
      'access_key_id',
      'secret_access_key',
    ])
  })

  it('says what means nothing to it', () => {
    expect(fieldsOf({ kind: 'google', api_key: 'env:KEY', region: 'eu' })).toEqual(['region'])
    expect(fieldsOf({ kind: 'cohere', api_key: 'env:KEY', base_url: 'https://x.internal/?a=1' })).toEqual([
      'base_url',
    ])
    expect(fieldsOf({ kind: 'google', api_key: 'env:KEY', responses: true })).toEqual(['responses'])
    const both = { region: 'eu-central-1', api_key: 'env:KEY', access_key_id: 'env:A' }
    expect(fieldsOf({ kind: 'bedrock', ...both })).toEqual(['access_key_id'])
  })
})
