import { readFileSync } from 'node:fs'
import { join } from 'node:path'
// biome-ignore lint/style/noRestrictedImports: ajv publishes its 2020-12 dialect under this very path
import { Ajv2020 } from 'ajv/dist/2020.js'
import { describe, expect, it } from 'vitest'
import { configJsonSchema } from '../../src/config/index.ts'

interface Node {
  readonly title?: string
  readonly description?: string
  readonly properties?: Readonly<Record<string, Node>>
  readonly items?: Node
}

describe('the JSON Schema for editors', () => {
  const schema = configJsonSchema()

  it('is committed as it is now: run `npm run schema` when this fails', () => {
    const file = join(import.meta.dirname, '../../atp-config.schema.json')
    expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual(schema)
  })

  it('is valid as JSON Schema 2020-12 and takes what has defaults as optional', () => {
    const ajv = new Ajv2020({ strict: false, formats: { uri: URL.canParse } })
    expect(ajv.validateSchema(schema)).toBe(true)
    const check = ajv.compile(schema)
    expect(check({})).toBe(true)
    expect(check({ server: {} })).toBe(true)
    expect(check({ adapters: [{ id: 'a', base_url: 'http://x', models: [] }] })).toBe(false)
    const model = { name: 'm', input_usd_per_mtok: 1, output_usd_per_mtok: 1 }
    expect(check({ adapters: [{ id: 'a', base_url: 'http://x', models: [model] }] })).toBe(true)
    expect(check({ adapters: [{ id: 'a', preset: 'openai', models: [{ name: 'gpt-5-mini' }] }] })).toBe(true)
    expect(check({ adapters: [{ id: 'a', preset: 'opnai', models: [{ name: 'gpt-5-mini' }] }] })).toBe(false)
  })

  it('describes each key in a sentence, and titles it with its path', () => {
    const keys = [...described(schema as Node)]
    expect(keys.length).toBeGreaterThan(60)
    for (const [key, { title, description }] of keys) {
      expect(description, key).toMatch(/^[A-Z].*\.$/)
      expect(title?.split('.').at(-1), key).toBe(key)
    }
  })
})

function* described({ properties = {}, items }: Node): Generator<[string, Node]> {
  for (const [key, node] of Object.entries(properties)) {
    yield [key, node]
    yield* described(node)
  }
  if (items) yield* described(items)
}
