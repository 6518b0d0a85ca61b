import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import {
  builtInCatalogue,
  CATALOGUE_PROVIDERS,
  Catalogue,
  catalogueChecker,
} from '../../src/catalogue/index.ts'

const { data } = builtInCatalogue()

describe('the catalogue that comes with the gateway', () => {
  it('is one, and says when it was read and from where', () => {
    expect(catalogueChecker()(data)).toEqual([])
    expect(new Date(data.date).toISOString().slice(0, 10)).toBe(data.date)
    expect(data.origin).toContain('MIT License')
    const licence = readFileSync(join(import.meta.dirname, '../../catalogue/LICENSE-LiteLLM.txt'), 'utf8')
    expect(licence).toContain('Permission is hereby granted')
  })

  it('is as large and as old as the README says', () => {
    const readme = readFileSync(join(import.meta.dirname, '../../../../README.md'), 'utf8')
    expect(readme).toContain(
      `${data.models.length} models of the presets and kinds above, read on ${data.date}`,
    )
  })

  it('has what was picked, each once', () => {
    const picked = readFileSync(join(import.meta.dirname, '../../catalogue/picked.txt'), 'utf8')
    const names = picked.split('\n').filter(line => line !== '' && !line.startsWith('#'))
    expect(data.models.map(({ provider, model }) => `${provider} ${model}`).toSorted()).toEqual(
      names.toSorted(),
    )
  })

  it.each(['openai', 'azure-openai', 'mistral', 'google', 'bedrock', 'cohere'])(
    'has chat and embedding models of %s',
    provider => {
      expect(new Set(new Catalogue([builtInCatalogue()]).rows(provider).map(({ row }) => row.mode))).toEqual(
        new Set(['chat', 'embedding']),
      )
    },
  )

  it('has prices that an administrator could set: whole micro-dollars', () => {
    expect(CATALOGUE_PROVIDERS).toContain(data.models[0]?.provider)
    for (const { model, input_usd_per_mtok, output_usd_per_mtok } of data.models) {
      for (const usd of [input_usd_per_mtok, output_usd_per_mtok]) {
        expect(Math.round(usd * 1e6) / 1e6, model).toBe(usd)
      }
    }
  })
})
