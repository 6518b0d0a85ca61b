import { describe, expect, it } from 'vitest'
import { describeConfig, loadConfig, PRESET_NAMES, PRESETS, PRESETS_READ_ON } from '../../src/config/index.ts'
import { AtpError } from '../../src/errors.ts'

const MODELS = [{ name: 'm', input_usd_per_mtok: 1, output_usd_per_mtok: 2 }]

function load(adapter: Readonly<Record<string, unknown>>, env = {}) {
  const text = JSON.stringify({ adapters: [{ id: 'a', models: MODELS, ...adapter }] })
  return loadConfig({ file: 'atp.yaml', text, env })
}

function problemsOf(adapter: Readonly<Record<string, unknown>>) {
  try {
    load(adapter)
  } catch (error) {
    if (error instanceof AtpError) return error.problems
  }
  throw new Error('the configuration was taken')
}

describe('a preset', () => {
  it('fills in what the file does not say, and says of each value where it comes from', () => {
    const loaded = load({
      preset: 'mistral',
      api_key: 'env:KEY',
      output_limit_field: 'max_completion_tokens',
    })
    expect(loaded.config.adapters[0]).toMatchObject({
      base_url: 'https://api.mistral.ai/v1',
      output_limit_field: 'max_completion_tokens',
      stream_usage: false,
      auth_header: 'authorization',
    })
    expect(loaded.sources).toMatchObject({
      'adapters[0].preset': 'file',
      'adapters[0].base_url': 'preset mistral',
      'adapters[0].output_limit_field': 'file',
      'adapters[0].stream_usage': 'preset mistral',
      'adapters[0].auth_header': 'default',
    })
    expect(describeConfig(loaded)).toMatch(
      /adapters\[0\]\.base_url +https:\/\/api\.mistral\.ai\/v1 +preset mistral/,
    )
  })

  it('gives way to the environment', () => {
    const { config, sources } = load(
      { preset: 'openai', api_key: 'env:KEY' },
      { ATP_ADAPTERS_0_BASE_URL: 'http://127.0.0.1:9/v1' },
    )
    expect(config.adapters[0]?.base_url).toBe('http://127.0.0.1:9/v1')
    expect(sources['adapters[0].base_url']).toBe('env')
  })

  it('may come from the environment', () => {
    const { config } = load({}, { ATP_ADAPTERS_0_PRESET: 'vllm' })
    expect(config.adapters[0]?.base_url).toBe('http://127.0.0.1:8000/v1')
  })

  it.each(['toString', 'opnai', 7])('that is none is refused with those there are: %j', preset => {
    const [problem] = problemsOf({ preset, base_url: 'http://x' })
    expect(problem?.field).toBe('adapters[0].preset')
    for (const name of PRESET_NAMES) expect(problem?.allowed).toContain(name)
  })

  it('that needs a key is refused without one, unless it is said that none is needed', () => {
    expect(problemsOf({ preset: 'openai' })).toMatchObject([
      { field: 'adapters[0].api_key', found: 'nothing' },
    ])
    expect(load({ preset: 'openai', needs_key: false }).config.adapters).toHaveLength(1)
    const headers = { 'api-key': 'env:KEY' }
    const azure = { preset: 'azure-openai', base_url: 'https://x.openai.azure.com/openai/v1' }
    expect(load({ ...azure, headers }).config.adapters).toHaveLength(1)
  })

  it('whose accounts have addresses of their own asks for one', () => {
    expect(problemsOf({ preset: 'azure-openai', api_key: 'env:KEY' })).toMatchObject([
      { field: 'adapters[0].base_url', found: 'nothing', allowed: expect.stringContaining('azure-openai') },
    ])
  })

  it('is not needed, but then an address is', () => {
    expect(problemsOf({})).toMatchObject([{ field: 'adapters[0].base_url', found: 'nothing' }])
  })

  it('carries its key in no header that frames the message', () => {
    expect(problemsOf({ base_url: 'http://x', auth_header: 'Host' })).toMatchObject([
      { field: 'adapters[0].auth_header' },
    ])
  })

  it.each(PRESET_NAMES)('%s says where each of its values was read', name => {
    for (const quirk of Object.values(PRESETS[name])) expect(quirk.docs).toMatch(/^https:\/\//)
  })

  it('says when', () => {
    expect(new Date(PRESETS_READ_ON).toISOString().slice(0, 10)).toBe(PRESETS_READ_ON)
  })
})
