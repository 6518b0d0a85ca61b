import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { catalogueChecker, type ImportOptions, importLiteLlm } from '../../src/catalogue/index.ts'

const OPTIONS: ImportOptions = { date: '2026-11-28', origin: 'a test', providers: null }
const CHAT = {
  litellm_provider: 'openai',
  mode: 'chat',
  input_cost_per_token: 2.5e-7,
  output_cost_per_token: 2e-6,
  max_input_tokens: 272_000,
  max_output_tokens: 128_000,
  source: 'https://example.test/prices',
}

const read = (entry: object, name = 'm') => importLiteLlm({ [name]: entry }, OPTIONS)
const rowOf = (differs: object, name = 'm') => read({ ...CHAT, ...differs }, name).data.models[0]
const problemsOf = (differs: object) => read({ ...CHAT, ...differs }).problems

describe('the importer', () => {
  it('makes a row of a row', () => {
    expect(rowOf({ cache_read_input_token_cost: 2.5e-8, supports_vision: true })).toEqual({
      provider: 'openai',
      model: 'm',
      mode: 'chat',
      input_usd_per_mtok: 0.25,
      output_usd_per_mtok: 2,
      cached_input_usd_per_mtok: 0.025,
      context_window: 272_000,
      max_output_tokens: 128_000,
      capabilities: ['vision', 'streaming'],
      source: 'https://example.test/prices',
    })
  })

  it.each([
    ['gpt', 'openai', 'openai', 'gpt'],
    ['azure/eu/gpt', 'azure', 'azure-openai', 'eu/gpt'],
    ['gemini/gemini-3', 'gemini', 'google', 'gemini-3'],
    ['together_ai/Qwen/Q', 'together_ai', 'together', 'Qwen/Q'],
    ['us.anthropic.claude', 'bedrock_converse', 'bedrock', 'us.anthropic.claude'],
    ['command-a', 'cohere_chat', 'cohere', 'command-a'],
    ['openrouter/openai/gpt', 'openrouter', 'openrouter', 'openai/gpt'],
  ])('knows %s of %s as %s %s', (name, litellm_provider, provider, model) => {
    expect(rowOf({ litellm_provider }, name)).toMatchObject({ provider, model })
  })

  it.each([
    ['supports_function_calling', ['tools', 'streaming']],
    ['supports_response_schema', ['json_mode', 'structured_outputs', 'streaming']],
    ['supports_reasoning', ['reasoning', 'streaming']],
    ['supports_audio_input', ['audio_input', 'streaming']],
    ['supports_pdf_input', ['pdf', 'streaming']],
    ['supports_anything', ['streaming']],
  ])('takes %s for %j', (flag, capabilities) => {
    expect(rowOf({ [flag]: true })?.capabilities).toEqual(capabilities)
    expect(rowOf({ [flag]: false })?.capabilities).toEqual(['streaming'])
  })

  it('has a model that does not stream offer no streams', () => {
    expect(rowOf({ supports_native_streaming: false })?.capabilities).toEqual([])
  })

  it('makes an embedding model of an embedding model, whose output may cost nothing', () => {
    const { output_cost_per_token, max_output_tokens, ...entry } = CHAT
    const [row] = read({ ...entry, mode: 'embedding', supports_vision: true }).data.models
    expect(row).toMatchObject({ mode: 'embedding', output_usd_per_mtok: 0, capabilities: ['embeddings'] })
    expect(row).not.toHaveProperty('max_output_tokens')
  })

  it('lets the older name of the limits stand for what is not said', () => {
    const none = { max_input_tokens: null, max_output_tokens: undefined }
    expect(rowOf({ ...none, max_tokens: 4_096 })).toMatchObject({
      context_window: 4_096,
      max_output_tokens: 4_096,
    })
    expect(rowOf({ max_output_tokens: null, max_tokens: 512 })).toMatchObject({
      context_window: 272_000,
      max_output_tokens: 512,
    })
    expect(rowOf(none)).not.toHaveProperty('context_window')
  })

  it('ends the context window where a dearer price begins', () => {
    const { data, tiered } = read({
      ...CHAT,
      input_cost_per_token_above_200k_tokens: 5e-7,
      output_cost_per_token_above_128k_tokens: 4e-6,
      input_cost_per_token_above_272k_tokens_priority: 1e-6,
    })
    expect(data.models[0]).toMatchObject({ context_window: 128_000, max_output_tokens: 128_000 })
    expect(tiered).toEqual(['openai/m'])
    expect(read({ ...CHAT, input_cost_per_token_above_512k_tokens: 1e-6 }).tiered).toEqual([])
  })

  it('offers no input that is billed dearer than text, and reckons with the dearer output', () => {
    const all = { supports_audio_input: true, supports_vision: true, supports_pdf_input: true }
    expect(rowOf({ ...all, input_cost_per_audio_token: 1e-6 })?.capabilities).toEqual([
      'vision',
      'pdf',
      'streaming',
    ])
    expect(rowOf({ ...all, input_cost_per_image_token: 1e-6 })?.capabilities).toEqual([
      'audio_input',
      'streaming',
    ])
    expect(rowOf({ output_cost_per_reasoning_token: 3e-6 })?.output_usd_per_mtok).toBe(3)
  })

  it.each([
    ['input_cost_per_token', undefined, 'nothing'],
    ['input_cost_per_token', '2.5e-07', '"2.5e-07"'],
    ['input_cost_per_token', -1, '-1'],
    ['input_cost_per_token', 0, '0'],
    ['output_cost_per_token', 2, '2'],
    ['output_cost_per_token', 1.23456789e-9, '1.23456789e-9'],
    ['cache_read_input_token_cost', 'free', '"free"'],
    ['max_input_tokens', 1.5, '1.5'],
    ['max_output_tokens', '4096', '"4096"'],
    ['tiered_pricing', [{ range: [0, 32_000] }], 'a list'],
  ])('names the field of a bad row: %s, %j', (field, value, found) => {
    expect(problemsOf({ [field]: value })).toMatchObject([{ field: `m.${field}`, found }])
    expect(rowOf({ [field]: value })).toBeUndefined()
  })

  it('counts what has no place here, and names what is no row', () => {
    const imported = importLiteLlm(
      {
        sample_spec: { mode: 'one of' },
        image: { ...CHAT, mode: 'image_generation' },
        speech: { ...CHAT, mode: 'audio_speech' },
        other: { ...CHAT, mode: 'image_generation' },
        alias: { litellm_provider: 'openai', alias_of: 'm' },
        elsewhere: { ...CHAT, litellm_provider: 'watsonx' },
        m: CHAT,
        'openai/m': { ...CHAT, input_cost_per_token: 1e-6 },
        broken: null,
      },
      OPTIONS,
    )
    expect(imported.skipped).toEqual({
      'mode image_generation': 2,
      'mode audio_speech': 1,
      'no mode': 1,
      'other providers': 1,
      'names that were there before': 1,
    })
    expect(imported.data.models).toMatchObject([{ model: 'm', input_usd_per_mtok: 0.25 }])
    expect(imported.problems).toEqual([{ field: 'broken', found: 'null', allowed: 'an object' }])
  })

  it('takes only the providers that are asked for', () => {
    const source = { m: CHAT, 'groq/n': { ...CHAT, litellm_provider: 'groq' } }
    const { data } = importLiteLlm(source, { ...OPTIONS, providers: ['groq'] })
    expect(data.models.map(({ model }) => model)).toEqual(['n'])
  })

  it('survives any JSON, and writes nothing but catalogues', () => {
    const entry = fc.record(
      {
        litellm_provider: fc.constantFrom('openai', 'azure', '__proto__', 7),
        mode: fc.constantFrom('chat', 'embedding', 'constructor', null),
        input_cost_per_token: fc.oneof(
          fc.jsonValue(),
          fc.double(),
          fc.integer({ min: 1 }).map(n => n / 1e12),
        ),
        output_cost_per_token: fc.oneof(
          fc.jsonValue(),
          fc.integer({ min: 1 }).map(n => n / 1e12),
        ),
        max_tokens: fc.jsonValue(),
        supports_vision: fc.jsonValue(),
        input_cost_per_token_above_200k_tokens: fc.jsonValue(),
        source: fc.jsonValue(),
      },
      { requiredKeys: [] },
    )
    const check = catalogueChecker()
    const file = fc.oneof(fc.jsonValue(), fc.dictionary(fc.string(), fc.oneof(entry, fc.jsonValue())))
    fc.assert(
      fc.property(file, source => {
        const { data, problems } = importLiteLlm(JSON.parse(JSON.stringify(source)), OPTIONS)
        expect(check(JSON.parse(JSON.stringify(data)))).toEqual([])
        for (const { field, found } of problems) expect(field.length + found.length).toBeGreaterThan(0)
      }),
    )
  })

  it('brings every price through to the micro-dollar, without dust', () => {
    const micros = fc.integer({ min: 1, max: 1_000_000_000 })
    fc.assert(
      fc.property(micros, micros, (input, output) => {
        // As a price list would be written: dollars per token, in decimals.
        const row = rowOf({
          input_cost_per_token: Number(`${input}e-12`),
          output_cost_per_token: output / 1e12,
        })
        expect(row?.input_usd_per_mtok).toBe(input / 1_000_000)
        expect(row?.output_usd_per_mtok).toBe(output / 1_000_000)
      }),
    )
  })
})
