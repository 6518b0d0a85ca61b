import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { environmentSettings } from '../../src/config/environment.ts'
import { environmentName, keyNamed, type WalkedSchema } from '../../src/config/environment-names.ts'
import { type Path, pathText, setAt, valueAt } from '../../src/config/path.ts'
import { ConfigSchema } from '../../src/config/schema.ts'

/** Every key of the schema, list elements at a random index. */
function paths(schema: WalkedSchema, index: number, path: Path = []): Path[] {
  const inner = Object.entries(schema.properties ?? {}).flatMap(([key, value]) =>
    paths(value, index, [...path, key]),
  )
  const items = schema.items ? paths(schema.items, index, [...path, index]) : []
  return [...(path.length > 0 ? [path] : []), ...inner, ...items]
}

const anyPath = fc
  .integer({ min: 0, max: 9_999 })
  .chain(index => fc.constantFrom(...paths(ConfigSchema, index)))

describe('environment names', () => {
  it('lead back to the key that they were made of', () => {
    fc.assert(
      fc.property(anyPath, path => {
        expect(keyNamed(environmentName(path), ConfigSchema)?.path).toEqual(path)
      }),
      { numRuns: 1_000 },
    )
  })

  it('are unique', () => {
    const names = paths(ConfigSchema, 0).map(environmentName)
    expect(new Set(names).size).toBe(names.length)
  })

  it.each([
    ['ATP_SERVER_PORT', 'server.port'],
    ['ATP_DATA_DIR', 'data.dir'],
    ['ATP_ADAPTERS_0_BASE_URL', 'adapters[0].base_url'],
    ['ATP_ADAPTERS_12_MODELS_3_INPUT_USD_PER_MTOK', 'adapters[12].models[3].input_usd_per_mtok'],
    ['ATP_ADAPTERS_1', 'adapters[1]'],
    ['ATP_ADAPTERS', 'adapters'],
    ['ATP_ROUTING_PRESETS_FAST_COST', 'routing.presets.fast.cost'],
  ])('%s is %s', (name, path) => {
    expect(pathText(keyNamed(name, ConfigSchema)?.path ?? [])).toBe(path)
  })

  it.each([
    'ATP_',
    'ATP_SERVER_',
    'ATP_SERVER_PORT_',
    'ATP_SERVER_PORT_0',
    'ATP_ADAPTERS_X_ID',
    'ATP_ADAPTERS_-1_ID',
    'ATP_ADAPTERS_01_ID',
    'ATP_ADAPTERS_99999_ID',
    'ATP_ADAPTERS_0_HEADERS_X',
    'atp_server_port',
    'ATP_server_port',
    'SERVER_PORT',
    'ATP___PROTO__',
    'ATP_CONSTRUCTOR',
  ])('%s is no key', name => {
    expect(keyNamed(name, ConfigSchema)).toBeUndefined()
  })

  it('find a key among keys that begin alike', () => {
    const leaf = { type: 'string' }
    const schema = {
      properties: { a: { properties: { b_c: leaf } }, a_b: { properties: { c: leaf, d: leaf } } },
    }
    expect(keyNamed('ATP_A_B_D', schema)?.path).toEqual(['a_b', 'd'])
    expect(keyNamed('ATP_A_B_C', schema)?.path).toEqual(['a', 'b_c'])
  })
})

describe('environment settings', () => {
  const settingsOf = (env: Record<string, string>) => {
    const { settings } = environmentSettings(env, ConfigSchema)
    return Object.fromEntries(settings.map(({ path, value }) => [pathText(path), value]))
  }

  it('read numbers, booleans, lists and objects, and leave text as it is', () => {
    expect(
      settingsOf({
        ATP_SERVER_PORT: '9000',
        ATP_LOG_REQUESTS: 'true',
        ATP_DATA_DIR: '007',
        ATP_LOG_LEVEL: 'null',
        ATP_DATABASE_URL: 'postgres://a:#b@c/d',
        ATP_ADAPTERS: '[{"id": "a"}]',
        ATP_SHUTDOWN: '{ total: 5s }',
        ATP_UPSTREAM_MAX_ATTEMPTS: 'many',
        ATP_ROUTING: '{ unclosed',
      }),
    ).toEqual({
      'server.port': 9000,
      'log.requests': true,
      'data.dir': '007',
      'log.level': 'null',
      'database.url': 'postgres://a:#b@c/d',
      adapters: [{ id: 'a' }],
      shutdown: { total: '5s' },
      'upstream.max_attempts': 'many',
      routing: '{ unclosed',
    })
  })

  it('put what is said of a part after what is said of the whole', () => {
    const { settings } = environmentSettings(
      { ATP_ADAPTERS_0_ID: 'b', ATP_ADAPTERS: '[{id: a}]' },
      ConfigSchema,
    )
    expect(settings.map(({ variable }) => variable)).toEqual(['ATP_ADAPTERS', 'ATP_ADAPTERS_0_ID'])
  })

  it('know DATABASE_URL, and prefer our own name for it', () => {
    expect(settingsOf({ DATABASE_URL: 'postgres://one' })).toEqual({ 'database.url': 'postgres://one' })
    expect(settingsOf({ DATABASE_URL: 'postgres://one', ATP_DATABASE_URL: 'postgres://two' })).toEqual({
      'database.url': 'postgres://two',
    })
  })

  it('ignore in silence what is ours but no key, what is not ours, and what is empty', () => {
    const env = { ATP_CONFIG: 'x', ATP_NATIVE: 'off', PATH: '/bin', ATP_SERVER_PORT: '', DATABASE_URL: '' }
    expect(environmentSettings(env, ConfigSchema)).toEqual({ settings: [], warnings: [] })
  })

  it('warn of an unknown variable by name, without its value', () => {
    const { settings, warnings } = environmentSettings(
      { ATP_SERVER_PROT: 'hidden-value', ATP_ZEBRA_CROSSING: 'hidden-value' },
      ConfigSchema,
    )
    expect(settings).toEqual([])
    expect(warnings).toEqual([
      'ATP_SERVER_PROT names no configuration key and is ignored (did you mean ATP_SERVER_PORT?)',
      'ATP_ZEBRA_CROSSING names no configuration key and is ignored',
    ])
  })

  it("warn of Kubernetes' link to a service that is called atp-server", () => {
    const { settings, warnings } = environmentSettings({ ATP_SERVER_PORT: 'tcp://10.0.0.7:80' }, ConfigSchema)
    expect(settings).toEqual([])
    expect(warnings).toEqual(['ATP_SERVER_PORT is a Kubernetes service link and is ignored'])
  })
})

describe('paths', () => {
  const steps = fc.array(fc.oneof(fc.constantFrom('a', 'b_c', 'd'), fc.nat(20)), {
    minLength: 1,
    maxLength: 6,
  })

  it('give back what was put', () => {
    fc.assert(
      fc.property(steps, fc.integer(), (rest, value) => {
        const document = {}
        const path = ['root', ...rest]
        setAt(document, path, value)
        expect(valueAt(document, path)).toBe(value)
      }),
    )
  })

  it.each([
    [5, ['root', 'a', 'b']],
    ['text', ['root', 'a']],
    [{ a: 5 }, ['root', 'a', 'b']],
    [{ a: 5 }, ['root', 0, 'a']],
    [[1], ['root', 'length', 'a']],
    [[{}], ['root', 'a', 'b']],
  ])('leave alone what is in the way: %j', (root, path) => {
    const document = { root: structuredClone(root) }
    setAt(document, path, 1)
    expect(document).toStrictEqual({ root })
    expect(Object.keys(document.root)).toEqual(Object.keys(root))
  })
})
