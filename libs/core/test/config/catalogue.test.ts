import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { builtInCatalogue } from '../../src/catalogue/index.ts'
import { loadConfig } from '../../src/config/index.ts'
import { AtpError } from '../../src/errors.ts'

const directory = mkdtempSync(join(tmpdir(), 'atp-catalogue-'))
afterAll(() => rmSync(directory, { recursive: true }))

const { data: BUILT_IN } = builtInCatalogue()
const rowOf = (provider: string, model: string) =>
  BUILT_IN.models.find(row => row.provider === provider && row.model === model)

function load(models: readonly object[], adapter: object = {}, rest: object = {}) {
  const up = { id: 'a', preset: 'openai', api_key: 'env:KEY', models, ...adapter }
  return loadConfig({ file: 'atp.yaml', text: JSON.stringify({ adapters: [up], ...rest }), env: {} })
}

function problemsOf(...input: Parameters<typeof load>) {
  try {
    load(...input)
  } catch (error) {
    if (error instanceof AtpError) return error.problems
  }
  throw new Error('the configuration was taken')
}

function written(name: string, models: readonly object[], date = '2026-12-01'): string {
  const file = join(directory, name)
  writeFileSync(file, JSON.stringify({ format: 'atp-catalogue/1', date, origin: 'a test', models }))
  return file
}

const OWN = {
  ...{ provider: 'openai', model: 'gpt-5-mini', mode: 'chat', source: 'a contract' },
  ...{ input_usd_per_mtok: 0.2, output_usd_per_mtok: 1.5, capabilities: ['streaming'] },
}

describe('a model that has only a name', () => {
  it('costs and can what the catalogue says, each value with its date', () => {
    const { config, sources } = load([{ name: 'gpt-5-mini' }])
    const { input_usd_per_mtok, output_usd_per_mtok, context_window, capabilities } =
      rowOf('openai', 'gpt-5-mini') ?? {}
    expect(config.adapters[0]?.models[0]).toMatchObject({
      ...{ input_usd_per_mtok, output_usd_per_mtok, context_window, capabilities },
      expected_output_tokens: 300,
    })
    expect(sources).toMatchObject({
      'adapters[0].models[0].name': 'file',
      'adapters[0].models[0].input_usd_per_mtok': `catalogue of ${BUILT_IN.date}`,
      'adapters[0].models[0].capabilities': `catalogue of ${BUILT_IN.date}`,
      'adapters[0].models[0].expected_output_tokens': 'default',
    })
  })

  it('gives way to the operator, value by value', () => {
    const { config, sources } = load([
      { name: 'gpt-5-mini', output_usd_per_mtok: 9, capabilities: ['tools'] },
    ])
    expect(config.adapters[0]?.models[0]).toMatchObject({
      input_usd_per_mtok: rowOf('openai', 'gpt-5-mini')?.input_usd_per_mtok,
      output_usd_per_mtok: 9,
      capabilities: ['tools'],
    })
    expect(sources['adapters[0].models[0].output_usd_per_mtok']).toBe('file')
  })

  it('is looked up by what the upstream calls it, or by its own name, where the upstream’s is the operator’s', () => {
    const { models = [] } =
      load([
        { name: 'small', upstream_model: 'gpt-5-mini' },
        { name: 'gpt-5-nano', upstream_model: 'our-deployment' },
      ]).config.adapters[0] ?? {}
    const prices = models.map(model => model.input_usd_per_mtok)
    expect(prices).toEqual(
      ['gpt-5-mini', 'gpt-5-nano'].map(name => rowOf('openai', name)?.input_usd_per_mtok),
    )
  })

  it('can no more than its provider: DeepSeek takes no schemas', () => {
    const [model] =
      load([{ name: 'deepseek-v4-pro' }], { preset: 'deepseek' }).config.adapters[0]?.models ?? []
    expect(rowOf('deepseek', 'deepseek-v4-pro')?.capabilities).toContain('structured_outputs')
    expect(model?.capabilities).toContain('json_mode')
    expect(model?.capabilities).not.toContain('structured_outputs')
  })

  it('is refused where no catalogue has it, with what may have been meant', () => {
    const [input, output] = problemsOf([{ name: 'gpt-5-mino' }])
    expect(input).toEqual({
      field: 'adapters[0].models[0].input_usd_per_mtok',
      found: 'nothing',
      allowed: "a price in US dollars: no catalogue has 'gpt-5-mino' of openai (did you mean gpt-5-mini?)",
    })
    expect(output?.field).toBe('adapters[0].models[0].output_usd_per_mtok')
  })

  it('is refused where nobody’s price list can be meant', () => {
    const [problem] = problemsOf([{ name: 'gpt-5-mini' }], { preset: undefined, base_url: 'http://x' })
    expect(problem?.allowed).toContain('a preset')
    const [local] = problemsOf([{ name: 'llama' }], { preset: 'ollama' })
    expect(local?.allowed).toContain('no catalogue has models of ollama')
  })
})

describe('an own catalogue', () => {
  it('wins over the built-in one, and a later one over an earlier', () => {
    const first = written('first.json', [OWN])
    const second = written('second.json', [{ ...OWN, input_usd_per_mtok: 0.1 }])
    const { config, sources } = load(
      [{ name: 'gpt-5-mini' }, { name: 'gpt-5-nano' }],
      {},
      { catalogue: [first, second] },
    )
    expect(config.adapters[0]?.models[0]).toMatchObject({
      input_usd_per_mtok: 0.1,
      capabilities: ['streaming'],
    })
    expect(sources['adapters[0].models[0].input_usd_per_mtok']).toBe(`catalogue of 2026-12-01 in ${second}`)
    expect(sources['adapters[0].models[1].input_usd_per_mtok']).toBe(`catalogue of ${BUILT_IN.date}`)
  })

  it.each([
    ['is not there', undefined, 'nothing'],
    ['is no JSON', '{', 'something else than JSON'],
    ['is another format', '{"gpt-5": {"mode": "chat"}}', 'format'],
    [
      'has a bad row',
      JSON.stringify({
        format: 'atp-catalogue/1',
        date: '2026-12-01',
        origin: 'x',
        models: [{ ...OWN, input_usd_per_mtok: '1' }],
      }),
      'models[0].input_usd_per_mtok',
    ],
  ])('that %s is refused by name', (name, text, found) => {
    const file = join(directory, `${name}.json`)
    if (text !== undefined) writeFileSync(file, text)
    const problems = problemsOf([{ name: 'gpt-5-nano' }], {}, { catalogue: [file] })
    expect(problems[0]?.field).toBe('catalogue[0]')
    expect(problems.map(problem => problem.found).join()).toContain(found)
  })
})
