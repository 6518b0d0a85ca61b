import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inspect } from 'node:util'
import { afterAll, describe, expect, it } from 'vitest'
import {
  type ConfigInput,
  describeConfig,
  loadConfig,
  localSecretProblems,
  renderProblems,
} from '../../src/config/index.ts'
import { AtpError } from '../../src/errors.ts'
import { LOG_LEVELS } from '../../src/logging.ts'
import type { Secret } from '../../src/secret.ts'

const directory = mkdtempSync(join(tmpdir(), 'atp-config-'))
afterAll(() => rmSync(directory, { recursive: true }))

const HIDDEN = 'hidden-value'
const MODEL = '{ name: m, input_usd_per_mtok: 1, output_usd_per_mtok: 2 }'
const ADAPTER = `{ id: a, base_url: "http://localhost:9/v1", models: [${MODEL}] }`

let files = 0
function file(content: string): string {
  const path = join(directory, `${files++}.yaml`)
  writeFileSync(path, content)
  return path
}

function load(yaml: string, env: ConfigInput['env'] = {}) {
  return loadConfig({ file: file(yaml), env })
}

function failure(input: ConfigInput): AtpError {
  try {
    loadConfig(input)
  } catch (error) {
    if (error instanceof AtpError) return error
    throw error
  }
  throw new Error('the configuration was taken')
}

const problemsOf = (yaml: string, env: ConfigInput['env'] = {}) => failure({ file: file(yaml), env }).problems

describe('loading', () => {
  it('takes an empty environment and no file: the defaults', () => {
    const { config, warnings, sources } = loadConfig({ env: {} })
    expect(config).toMatchObject({
      server: { host: '127.0.0.1', port: 8080, body_limit_bytes: 20 * 1024 * 1024 },
      auth: { enabled: true, admin_key: null, public_metrics: true },
      data: { dir: './data', durability: 'process' },
      database: { url: null },
      log: { level: 'info', requests: false },
      routing: {
        strategy: 'thompson',
        quality: 'balanced',
        half_life: '6h',
        window: '6h',
        cost_reference_usd: 0.002,
        latency_reference: '2s',
        ucb_exploration: 1,
        presets: {
          fast: { quality: 1, cost: 0.1, latency: 0.3 },
          balanced: { quality: 1, cost: 0.15, latency: 0.05 },
          high: { quality: 1, cost: 0.02, latency: 0.01 },
        },
      },
      breaker: { failures: 5, cooldown: '10s' },
      upstream: {
        connect_timeout: '5s',
        first_token_timeout: '30s',
        idle_timeout: '30s',
        total_timeout: '10m',
        max_attempts: 3,
        max_connections: 256,
      },
      observation: { queue_limit: 10_000, snapshot_interval: '5s' },
      shutdown: { lag: '0s', total: '30s' },
      adapters: [],
    })
    expect(warnings).toEqual([])
    expect(new Set(Object.values(sources))).toEqual(new Set(['default']))
  })

  it.each(['', '# nothing\n', 'server:\n  # port: 1\nlog: {}\n'])('takes a file without keys: %j', yaml => {
    expect(load(yaml).config).toEqual(loadConfig({ env: {} }).config)
  })

  it('takes each log level, by file and by environment', () => {
    for (const level of LOG_LEVELS) {
      expect(load(`log: { level: ${level} }`).config.log.level).toBe(level)
      expect(loadConfig({ env: { ATP_LOG_LEVEL: level } }).config.log.level).toBe(level)
    }
  })

  it('completes an adapter and its models', () => {
    const [adapter] = load(`adapters: [${ADAPTER}]`).config.adapters
    expect(adapter).toEqual({
      id: 'a',
      kind: 'openai-compatible',
      base_url: 'http://localhost:9/v1',
      api_key: null,
      auth_header: 'authorization',
      needs_key: false,
      output_limit_field: 'max_completion_tokens',
      stream_usage: true,
      responses: false,
      models: [
        {
          name: 'm',
          input_usd_per_mtok: 1,
          output_usd_per_mtok: 2,
          context_window: 128_000,
          max_output_tokens: 16_384,
          capabilities: ['tools', 'json_mode', 'streaming'],
          quality_prior: { mean: 0.7, strength: 2 },
          expected_output_tokens: 300,
          expected_latency: '1s',
        },
      ],
    })
  })

  it('lets the environment win over the file, and says where each value came from', () => {
    const { config, sources } = load(`{ server: { port: 1, host: localhost }, adapters: [${ADAPTER}] }`, {
      ATP_SERVER_PORT: '0',
      ATP_ADAPTERS_0_BASE_URL: 'https://other.test',
      ATP_ADAPTERS_0_MODELS_0_QUALITY_PRIOR_MEAN: '0.9',
    })
    expect(config.server).toMatchObject({ host: 'localhost', port: 0 })
    expect(config.adapters[0]).toMatchObject({ id: 'a', base_url: 'https://other.test' })
    expect(config.adapters[0]?.models[0]?.quality_prior).toEqual({ mean: 0.9, strength: 2 })
    expect(sources).toMatchObject({
      'server.port': 'env',
      'server.host': 'file',
      'server.body_limit_bytes': 'default',
      'adapters[0].id': 'file',
      'adapters[0].base_url': 'env',
      'adapters[0].models[0].quality_prior.mean': 'env',
      'adapters[0].models[0].quality_prior.strength': 'default',
      'adapters[0].models[0].capabilities': 'default',
    })
  })

  it('takes whole lists from the environment, and single elements over them', () => {
    const { config } = loadConfig({ env: { ATP_ADAPTERS: `[${ADAPTER}]`, ATP_ADAPTERS_0_ID: 'b' } })
    expect(config.adapters.map(({ id }) => id)).toEqual(['b'])
  })

  it('builds an adapter from single variables alone', () => {
    const { config } = loadConfig({
      env: {
        ATP_ADAPTERS_0_ID: 'a',
        ATP_ADAPTERS_0_BASE_URL: 'http://localhost:9',
        ATP_ADAPTERS_0_MODELS_0_NAME: 'm',
        ATP_ADAPTERS_0_MODELS_0_INPUT_USD_PER_MTOK: '0',
        ATP_ADAPTERS_0_MODELS_0_OUTPUT_USD_PER_MTOK: '0.5',
      },
    })
    expect(config.adapters[0]?.models[0]).toMatchObject({ name: 'm', output_usd_per_mtok: 0.5 })
  })

  it('waits 5 s before it stops inside Kubernetes, unless told otherwise', () => {
    const env = { KUBERNETES_SERVICE_HOST: '10.0.0.1' }
    expect(loadConfig({ env }).config.shutdown.lag).toBe('5s')
    expect(loadConfig({ env }).sources['shutdown.lag']).toBe('default')
    expect(loadConfig({ env: { ...env, ATP_SHUTDOWN_LAG: '0s' } }).config.shutdown.lag).toBe('0s')
    expect(load('shutdown: { lag: 1s }', env).config.shutdown).toEqual({ lag: '1s', total: '30s' })
  })

  it('gives a configuration that nothing can change', () => {
    const { config } = load(`adapters: [${ADAPTER}]`)
    expect(() => Object.assign(config.server, { port: 1 })).toThrow(TypeError)
    expect(() => Object.assign(config.adapters[0]?.models[0] ?? {}, { name: 'x' })).toThrow(TypeError)
  })

  it('does not change the environment or share state between loads', () => {
    const env = Object.freeze({ ATP_ADAPTERS: `[${ADAPTER}]` })
    expect(loadConfig({ env }).config).toEqual(loadConfig({ env }).config)
    expect(loadConfig({ env: {} }).config.adapters).toEqual([])
  })
})

describe('a bad configuration', () => {
  it('names the file, and each bad key with what was found and what is allowed', () => {
    const path = file(
      '{ server: { prot: 1, port: high }, routing: { strategy: luck, half_life: 6 }, adapters: [{ id: A }] }',
    )
    const error = failure({ file: path, env: { ATP_UPSTREAM_MAX_ATTEMPTS: '0' } })
    expect(error.code).toBe('invalid_config')
    expect(error.message).toContain(path)
    expect(error.problems).toEqual(
      expect.arrayContaining([
        {
          field: 'server.prot',
          found: 'an unknown key',
          allowed:
            'one of host, port, body_limit_bytes, request_timeout, write_timeout, event_loop_limit (did you mean port?)',
        },
        { field: 'server.port', found: '"high"', allowed: 'an integer from 0 to 65535' },
        {
          field: 'routing.strategy',
          found: '"luck"',
          allowed: 'one of thompson, ucb, klucb, swucb, greedy, linthompson, linucb',
        },
        { field: 'routing.half_life', found: '6', allowed: 'a string such as 6h, 7d, never' },
        {
          field: 'upstream.max_attempts',
          found: '0 (from ATP_UPSTREAM_MAX_ATTEMPTS)',
          allowed: 'an integer of at least 1',
        },
        { field: 'adapters[0].id', found: '"A"', allowed: 'a string that matches ^[a-z0-9][a-z0-9-]*$' },
        { field: 'adapters[0].models', found: 'nothing', allowed: 'a list of at least 1 item' },
      ]),
    )
  })

  it.each([
    ['models: []', 'adapters[0].models', 'a list of 0'],
    [
      'models: [{ name: m, input_usd_per_mtok: -1, output_usd_per_mtok: 1 }]',
      'adapters[0].models[0].input_usd_per_mtok',
      '-1',
    ],
    [`models: [${MODEL}], base_url: "ftp://x"`, 'adapters[0].base_url', '"ftp://x"'],
    [`models: [${MODEL}], base_url: "http://"`, 'adapters[0].base_url', '"http://"'],
    [`models: [${MODEL}], base_url: "http://a b"`, 'adapters[0].base_url', '"http://a b"'],
    [`models: [${MODEL}], headers: { x: "a\\r\\nb" }`, 'adapters[0].headers.x', '[redacted]'],
    [`models: [${MODEL}], kind: other`, 'adapters[0].kind', '"other"'],
  ])('is refused for an adapter of %s', (rest, field, found) => {
    const base = rest.includes('base_url') ? '' : 'base_url: "http://localhost", '
    expect(problemsOf(`adapters: [{ id: a, ${base}${rest} }]`)).toMatchObject([{ field, found }])
  })

  it.each([
    ['127.0.0.1', 'http://localhost:8080/v1', true],
    ['0.0.0.0', 'http://[::1]:8080/v1', true],
    ['10.0.0.5', 'http://10.0.0.5:8080/v1', true],
    ['10.0.0.5', 'http://127.0.0.1:8080/v1', false],
    ['127.0.0.1', 'http://127.0.0.1:8081/v1', false],
    ['127.0.0.1', 'http://example.com:8080/v1', false],
  ])('is never its own upstream: listening on %s, asking %s', (host, url, isItself) => {
    const yaml = `adapters: [{ id: a, base_url: "${url}", models: [${MODEL}] }]`
    const env = { ATP_SERVER_HOST: host }
    if (!isItself) expect(load(yaml, env).config.adapters).toHaveLength(1)
    else expect(problemsOf(yaml, env)).toMatchObject([{ field: 'adapters[0].base_url' }])
  })

  it.each(['0.0.0.0', '::', '192.168.1.5', 'example.com', '127.0.0.1.example.com'])(
    'cannot listen on %s without authentication, and can with it',
    host => {
      expect(loadConfig({ env: { ATP_SERVER_HOST: host } }).config.server.host).toBe(host)
      expect(problemsOf('', { ATP_SERVER_HOST: host, ATP_AUTH_ENABLED: 'false' })).toMatchObject([
        {
          field: 'server.host',
          found: `"${host}" (from ATP_SERVER_HOST)`,
          allowed: expect.stringContaining('auth.enabled'),
        },
      ])
    },
  )

  it.each(['127.0.0.1', '127.1.2.3', '::1', 'localhost'])('may listen on %s without it', host => {
    const env = { ATP_SERVER_HOST: host, ATP_AUTH_ENABLED: 'false' }
    expect(loadConfig({ env }).config.server.host).toBe(host)
  })

  it('takes the first admin key from where it is said to be, and only one of 256 bits', () => {
    const key = `atp_${'k'.repeat(43)}`
    const { config } = loadConfig({ env: { ATP_AUTH_ADMIN_KEY: 'env:ROOT' } })
    expect(`${config.auth.admin_key}`).toBe('env:ROOT')
    expect(localSecretProblems(config, { ROOT: key })).toEqual([])
    for (const bad of ['canary', `${key}k`, `${key}\n`]) {
      const problems = localSecretProblems(config, { ROOT: bad })
      expect(problems).toMatchObject([{ field: 'auth.admin_key' }])
      expect(JSON.stringify(problems)).not.toContain(bad)
    }
    expect(localSecretProblems(config, {})).toMatchObject([{ field: 'auth.admin_key' }])
  })

  it('has two adapters of an id, or two models of a name in an adapter', () => {
    const twice = `{ id: a, base_url: "http://localhost", models: [${MODEL}, ${MODEL}] }`
    expect(problemsOf(`adapters: [${ADAPTER}, ${twice}]`)).toEqual([
      { field: 'adapters[1].id', found: '"a" once more', allowed: 'an id that no other adapter has' },
      {
        field: 'adapters[1].models[1].name',
        found: '"m" once more',
        allowed: 'a name that no other model of the adapter has',
      },
    ])
  })

  it('has a timer that Node cannot set, or one of no time', () => {
    expect(problemsOf('upstream: { total_timeout: 25d }')).toEqual([
      { field: 'upstream.total_timeout', found: '"25d"', allowed: 'at most 24d' },
    ])
    expect(problemsOf('upstream: { total_timeout: 0s }')).toMatchObject([{ field: 'upstream.total_timeout' }])
    expect(load('routing: { half_life: 365d }').config.routing.half_life).toBe('365d')
  })

  it('has prompts embedded by a model of no adapter, or waits for it longer than a timer can', () => {
    const embedding = (model: string) =>
      `{ adapters: [${ADAPTER}], routing: { embedding: { model: ${model} } } }`
    expect(load(embedding('a/of/any/name')).config.routing.embedding).toEqual({
      model: 'a/of/any/name',
      timeout: '300ms',
    })
    expect(problemsOf(embedding('b/m'))).toEqual([
      {
        field: 'routing.embedding.model',
        found: '"b/m"',
        allowed: 'a model of an openai-compatible adapter: a/...',
      },
    ])
    expect(problemsOf('routing: { embedding: { model: a/m } }')).toMatchObject([
      { field: 'routing.embedding.model', allowed: expect.stringContaining('none is configured') },
    ])
    expect(problemsOf(embedding('m'))).toMatchObject([{ field: 'routing.embedding.model' }])
    expect(problemsOf('routing: { embedding: { timeout: 25d } }')).toMatchObject([
      { field: 'routing.embedding.timeout', allowed: 'at most 24d' },
    ])
  })

  it('leaves holes in a list', () => {
    expect(problemsOf('', { ATP_ADAPTERS: `[${ADAPTER}]`, ATP_ADAPTERS_2_ID: 'c' })).toContainEqual({
      field: 'adapters[1]',
      found: 'nothing',
      allowed: 'an object',
    })
  })

  it.each([
    ['{ a: [1', /line \d+, column \d+/],
    ['server:\n  port: 1\n  port: 2\n', /line 3, column 3/],
    ['server: { port: *nowhere }', /Unresolved alias|line/],
    ['a: 1\n---\nb: 2', /line 2, column 1/],
  ])('is not YAML: %j', (yaml, where) => {
    const error = failure({ file: file(yaml), env: {} })
    expect(error.code).toBe('invalid_config')
    expect(`${error.message} ${renderProblems(error.problems)}`).toMatch(where)
    expect(error.message).toContain('.yaml')
  })

  it.each(['- a\n- b', 'just text', '5'])('is not a mapping: %j', yaml => {
    expect(problemsOf(yaml)).toMatchObject([{ allowed: 'keys with values' }])
  })

  it('is a file that is not there, or cannot be read', () => {
    const missing = join(directory, 'missing.yaml')
    expect(failure({ file: missing, env: {} })).toMatchObject({
      message: `The configuration file ${missing} cannot be read.`,
      problems: [{ field: missing, found: 'nothing' }],
    })
    const folder = join(directory, 'folder')
    mkdirSync(folder)
    expect(failure({ file: folder, env: {} }).problems[0]?.found).toContain('EISDIR')
  })

  it('cannot reach into prototypes', () => {
    expect(problemsOf('__proto__: { polluted: 1 }')).toMatchObject([
      { field: '__proto__', found: 'an unknown key' },
    ])
    expect(({} as { polluted?: number }).polluted).toBeUndefined()
  })
})

describe('secrets', () => {
  const withKey = (reference: string) => ADAPTER.replace('{ id', `{ api_key: "${reference}", id`)

  it('are references: to a variable, a file, a field in Vault, a name', () => {
    const yaml = (reference: string) => `
secrets: { vault: { address: "http://v", auth: { method: token, token: env:T } } }
adapters: [${withKey(reference)}]`
    for (const [reference, place, path, field] of [
      ['env:KEY', 'env', 'KEY', ''],
      ['file:/run/secrets/key', 'file', '/run/secrets/key', ''],
      ['vault:secret/team/openai#key', 'vault', 'secret/team/openai', 'key'],
      ['vault:secret/openai', 'vault', 'secret/openai', 'value'],
      ['secret:providers/openai', 'secret', 'providers/openai', ''],
    ] as const) {
      expect(load(yaml(reference)).config.adapters[0]?.api_key).toEqual(
        expect.objectContaining({ place, path, field }),
      )
    }
  })

  it('may be the whole value in the environment, which no file may be', () => {
    const url = `postgres://u:${HIDDEN}@h/d`
    const { config } = load('', { DATABASE_URL: url })
    expect((config.database.url as Secret).reveal()).toBe(url)
    expect(`${load('database: { url: env:PG }').config.database.url}`).toBe('env:PG')
  })

  it.each([
    [`database: { url: "postgres://u:${HIDDEN}@h/d" }`, 'database.url', 'database.password'],
    [`redis: { url: "redis://:${HIDDEN}@h" }`, 'redis.url', 'redis.password'],
    [
      `adapters: [${ADAPTER.replace('{ id', `{ headers: { api-key: ${HIDDEN} }, id`)}]`,
      'adapters[0].headers.api-key',
      'env:OPENAI_API_KEY',
    ],
  ])(
    'that stand in the file are refused with the way to do it right, and not repeated: %s',
    (yaml, field, way) => {
      const error = failure({ file: file(yaml), env: {} })
      expect(error.problems).toMatchObject([{ field, allowed: expect.stringContaining(way) }])
      expect(inspect(error)).not.toContain(HIDDEN)
    },
  )

  it('in a header refer to where they are, by the name of the header', () => {
    const headers = '{ api-key: env:AZURE, x-stage: env:prod }'
    const [adapter] = load(`adapters: [${ADAPTER.replace('{ id', `{ headers: ${headers}, id`)}]`).config
      .adapters
    expect(adapter?.headers?.['api-key']).toMatchObject({ place: 'env', path: 'AZURE' })
    expect(adapter?.headers?.['x-stage']).toBe('env:prod')
  })

  it('in Vault need a Vault, and a way to log in', () => {
    expect(problemsOf(`adapters: [${withKey('vault:secret/openai')}]`)).toMatchObject([
      { field: 'adapters[0].api_key', allowed: expect.stringContaining('secrets.vault.address') },
    ])
    expect(problemsOf('secrets: { sources: [{ from: "vault:secret" }] }')).toMatchObject([
      { field: 'secrets.sources[0].from' },
    ])
    for (const [method, key] of [
      ['token', 'token'],
      ['approle', 'role_id'],
      ['kubernetes', 'role'],
    ]) {
      const yaml = `secrets: { vault: { address: "http://v", auth: { method: ${method} } } }`
      expect(problemsOf(yaml)[0]).toMatchObject({ field: `secrets.vault.auth.${key}`, found: 'nothing' })
    }
  })

  it('may all be given by the environment', () => {
    const { config } = loadConfig({
      env: {
        ATP_SECRETS_VAULT_ADDRESS: 'https://v',
        ATP_SECRETS_VAULT_AUTH_METHOD: 'approle',
        ATP_SECRETS_VAULT_AUTH_ROLE_ID: 'env:ROLE',
        ATP_SECRETS_VAULT_AUTH_SECRET_ID: 'file:/s',
        ATP_DATABASE_PASSWORD: 'vault:database/creds/atp#password',
      },
    })
    expect(`${config.secrets.vault?.auth.secret_id}`).toBe('file:/s')
    expect(config.secrets.vault?.kv_mounts).toEqual(['secret', 'kv'])
    expect(`${config.database.password}`).toBe('vault:database/creds/atp#password')
  })

  it.each([
    ['env:UNSET', 'env:UNSET, which is not set'],
    ['env:EMPTY', 'env:EMPTY, which is not set'],
    ['file:/nowhere/key', 'file:/nowhere/key, which cannot be read (ENOENT)'],
    ['env:BROKEN', 'env:BROKEN, with a character that no header can carry'],
  ])('that are not at %s, or are none, are named with key and reference', (reference, found) => {
    const { config } = load(`adapters: [${withKey(reference)}]`)
    expect(localSecretProblems(config, { EMPTY: '', BROKEN: 'a\nb' })).toMatchObject([
      { field: 'adapters[0].api_key', found },
    ])
  })

  it.each([HIDDEN, `sk-${HIDDEN}`, `env:${HIDDEN} with spaces`, `vault:${HIDDEN}`, `vault:a/../${HIDDEN}`])(
    'as literals are refused, and not repeated: %s',
    literal => {
      const error = failure({ file: file(`adapters: [${withKey(literal)}]`), env: {} })
      expect(error.problems).toMatchObject([
        {
          field: 'adapters[0].api_key',
          found: '[redacted]',
          allowed: expect.stringContaining('env:OPENAI_API_KEY'),
        },
      ])
      expect(inspect(error)).not.toContain(HIDDEN)
    },
  )

  it('never show in a bad value, a broken file, or anything printed of the configuration', () => {
    const bad = failure({ env: { DATABASE_URL: `mysql://u:${HIDDEN}@h/d` } })
    const broken = failure({
      file: file(`database: { url: "postgres://u:${HIDDEN}@h/d" }\nadapters: [ {`),
      env: {},
    })
    const loaded = loadConfig({
      env: {
        KEY: HIDDEN,
        ATP_ADAPTERS: `[${withKey('env:KEY')}]`,
        ATP_ADAPTERS_0_HEADERS: `{ x-api-key: ${HIDDEN}, x-proxy: "Bearer ${HIDDEN}" }`,
        DATABASE_URL: `postgres://u:${HIDDEN}@h/d`,
      },
    })
    const shown = [
      inspect(bad),
      renderProblems(bad.problems),
      inspect(broken),
      renderProblems(broken.problems),
      inspect(
        { ...loaded.config, adapters: loaded.config.adapters.map(({ headers, ...rest }) => rest) },
        { depth: 9 },
      ),
      describeConfig(loaded),
    ]
    for (const text of shown) expect(text).not.toContain(HIDDEN)
  })
})
