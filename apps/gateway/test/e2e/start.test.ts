import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { GatewayProcess, runAtp } from '../support/gateway-process.ts'

/** Ten times the second that is promised. */
const STOP_DEADLINE_MS = 10_000

function endedWithin(deadlineMs: number, gateway: GatewayProcess): Promise<number | null | 'too late'> {
  const tooLate = setTimeout(deadlineMs, 'too late' as const, { ref: false })
  return Promise.race([gateway.end('SIGTERM'), tooLate])
}

const MODEL = { name: 'm', input_usd_per_mtok: 1, output_usd_per_mtok: 1 }
const ADAPTER = { id: 'a', base_url: 'http://127.0.0.1:1/v1', models: [MODEL] }
const BAD_ADAPTERS: Record<
  string,
  readonly [adapter: object, field: string, found: string, allowed: string]
> = {
  'a certain quality': [
    { models: [{ ...MODEL, quality_prior: { mean: 1 } }] },
    'adapters[0].models[0].quality_prior.mean',
    '1',
    '0.999',
  ],
  'a prior of no weight': [
    { models: [{ ...MODEL, quality_prior: { strength: 0 } }] },
    'adapters[0].models[0].quality_prior.strength',
    '0',
    '0.01',
  ],
  'credentials in the URL': [
    { base_url: 'https://me:canary@127.0.0.1/v1' },
    'adapters[0].base_url',
    'a user name or password',
    'api_key',
  ],
  'a header that frames the message': [
    { headers: { 'Content-Length': '7' } },
    'adapters[0].headers.Content-Length',
    'frames',
    'other than',
  ],
  'a header value that cannot be sent': [
    { headers: { 'X-Team': 'canary é' } },
    'adapters[0].headers.X-Team',
    '[redacted]',
    'x20',
  ],
  'a key that cannot be sent': [{ api_key: 'env:UP_KEY' }, 'adapters[0].api_key', 'character', 'ASCII'],
  'a model named auto': [
    { models: [{ ...MODEL, name: 'auto' }] },
    'adapters[0].models[0].name',
    '"auto"',
    'another name',
  ],
}

describe('the start', () => {
  it('needs nothing: an empty environment gives a gateway that lives and says that it has no adapter', async () => {
    await using gateway = await GatewayProcess.start()
    expect((await fetch(`${gateway.url}/livez`)).status).toBe(200)
    const ready = await fetch(`${gateway.url}/readyz`)
    expect(ready.status).toBe(503)
    expect(await ready.json()).toMatchObject({
      status: 'unavailable',
      checks: { adapters: { status: 'unavailable', detail: expect.stringContaining('adapters') } },
    })
    const models = await fetch(`${gateway.url}/v1/models`)
    expect(await models.json()).toMatchObject({ object: 'list', data: [{ id: 'auto' }] })
  })

  it.each(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'])(
    'works at log level %s',
    async level => {
      await using gateway = await GatewayProcess.start({ env: { ATP_LOG_LEVEL: level } })
      expect((await fetch(`${gateway.url}/livez`)).status).toBe(200)
      expect(await endedWithin(STOP_DEADLINE_MS, gateway)).toBe(0)
    },
  )

  it('stops at a bad configuration with the path of the key, what was found and what is allowed', async () => {
    const { code, output } = await runAtp(['serve'], {
      config: { server: { port: 'eighty' }, routing: { strategy: 'guess' } },
      env: { ATP_SERVER_PORT: '' },
    })
    expect(code).not.toBe(0)
    expect(output).toMatch(/server\.port.*eighty/s)
    expect(output).toMatch(/routing\.strategy.*guess.*thompson.*ucb.*greedy/s)
  })

  it('names an unknown key, and where it stands in a list', async () => {
    const { code, output } = await runAtp(['serve'], {
      config: {
        adapters: [
          {
            id: 'a',
            base_url: 'http://127.0.0.1:1/v1',
            models: [{ name: 'm', input_usd_per_mtok: -1, output_usd_per_mtok: 0, wat: 1 }],
          },
        ],
      },
    })
    expect(code).not.toBe(0)
    expect(output).toContain('adapters[0].models[0].input_usd_per_mtok')
    expect(output).toContain('wat')
  })

  it.each(Object.entries(BAD_ADAPTERS))(
    'and the check refuse %s: the key, what was found, what is allowed, and no secret',
    async (_name, [differs, field, found, allowed]) => {
      const config = { adapters: [{ ...ADAPTER, ...differs }] }
      for (const command of [['config', 'check'], ['serve']]) {
        const { code, output } = await runAtp(command, { config, env: { UP_KEY: 'canary\nvalue' } })
        expect(code).toBe(1)
        for (const text of [field, found, allowed]) expect(output).toContain(text)
        expect(output).not.toContain('canary')
      }
    },
  )

  it('refuses a host beyond loopback, since nothing authenticates yet', async () => {
    const { code, output } = await runAtp(['serve'], { env: { ATP_SERVER_HOST: '0.0.0.0' } })
    expect(code).not.toBe(0)
    expect(output).toMatch(/server\.host.*0\.0\.0\.0/s)
  })

  it('refuses a data directory that another gateway holds, naming it', async () => {
    const dataDir = mkdtempSync(join(tmpdir(), 'atp-shared-data-'))
    try {
      await using first = await GatewayProcess.start({ dataDir })
      const second = await runAtp(['serve'], { dataDir })
      expect(second.code).not.toBe(0)
      expect(second.output).toContain(dataDir)
      expect(second.output).toContain(String(first.pid))
    } finally {
      rmSync(dataDir, { recursive: true, force: true })
    }
  })

  it('takes each key from the environment, before the file', async () => {
    const { code, output } = await runAtp(['config', 'check'], {
      config: { log: { level: 'warn' }, observation: { queue_limit: 5 } },
      env: { ATP_LOG_LEVEL: 'debug', ATP_ROUTING_HALF_LIFE: '90m' },
    })
    expect(code).toBe(0)
    expect(output).toMatch(/log\.level\s.*debug.*env/)
    expect(output).toMatch(/observation\.queue_limit\s.*5.*file/)
    expect(output).toMatch(/routing\.half_life\s.*90m.*env/)
  })
})

describe('SIGTERM', () => {
  it('with nothing in flight ends the process with code 0', async () => {
    await using gateway = await GatewayProcess.start()
    await fetch(`${gateway.url}/livez`)
    expect(await endedWithin(STOP_DEADLINE_MS, gateway)).toBe(0)
  })

  it('is not held up by a client that keeps its connection open', async () => {
    await using gateway = await GatewayProcess.start()
    const { Agent, request } = await import('undici')
    const agent = new Agent({ keepAliveTimeout: 600_000 })
    const { body } = await request(`${gateway.url}/livez`, { dispatcher: agent })
    await body.dump()
    expect(await endedWithin(STOP_DEADLINE_MS, gateway)).toBe(0)
    await agent.destroy()
  })
})
