import { describe, expect, it } from 'vitest'
import { describeConfig, loadConfig, renderProblems } from '../../src/config/index.ts'

describe('describeConfig', () => {
  const env = {
    ATP_SERVER_PORT: '0',
    DATABASE_URL: 'postgres://u:p@h/d',
    ATP_TYPO: '1',
    KEY: 'k',
    ATP_ADAPTERS:
      '[{ id: a, api_key: env:KEY, base_url: "http://x", models: [{ name: m, input_usd_per_mtok: 1, output_usd_per_mtok: 2 }] }]',
  }
  const lines = describeConfig(loadConfig({ env })).split('\n')
  const rows = lines.map(line => line.split(/ {2,}/))

  it('lists each value with its source, aligned, in the order of the schema', () => {
    expect(rows[0]).toEqual(['server.host', '127.0.0.1', 'default'])
    expect(rows).toContainEqual(['server.port', '0', 'env'])
    expect(rows).toContainEqual([
      'adapters[0].models[0].capabilities',
      '["tools","json_mode","streaming"]',
      'default',
    ])
    const columns = lines.slice(0, -1).map(line => line.search(/(?:default|file|env)$/))
    expect(new Set(columns).size).toBe(1)
  })

  it('shows that a secret is there, and where it came from, not what it is', () => {
    expect(rows).toContainEqual(['database.url', '[redacted]', 'env'])
    expect(rows).toContainEqual(['adapters[0].api_key', 'env:KEY', 'env'])
    expect(describeConfig(loadConfig({ env: {} }))).toMatch(/^database\.url +\(none\) +default$/m)
  })

  it('ends with the warnings', () => {
    expect(lines.at(-1)).toBe('warning: ATP_TYPO names no configuration key and is ignored')
  })
})

describe('renderProblems', () => {
  it('gives each problem its key, what was found and what is allowed', () => {
    expect(
      renderProblems([
        { field: 'server.port', found: '"x"', allowed: 'an integer' },
        { field: 'log.level', found: '3', allowed: 'one of info, warn' },
      ]),
    ).toBe(
      [
        '  server.port',
        '    found    "x"',
        '    allowed  an integer',
        '  log.level',
        '    found    3',
        '    allowed  one of info, warn',
      ].join('\n'),
    )
  })
})
