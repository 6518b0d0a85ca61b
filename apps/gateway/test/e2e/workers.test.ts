/** Several workers behind one port, as their clients and whoever runs them see it. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { postgresForTests, redisForTests } from '@atp/test-services'
import pg from 'pg'
import { afterAll, afterEach, describe, expect, it } from 'vitest'
import { GatewayProcess, runAtp } from '../support/gateway-process.ts'
import { call, type KeyedGateway } from '../support/keyed-gateway.ts'
import { load } from '../support/load.ts'
import type { Script } from '../support/scripted-upstream.ts'
import { seriesOf } from '../support/series.ts'
import { GatewayOfWorkers, type GatewayOfWorkersOptions } from '../support/workers.ts'

const postgres = await postgresForTests()
const probe = await redisForTests()
const missing = postgres.missing ?? probe.missing
const opened: AsyncDisposable[] = []
const REQUESTS = process.env.ATP_VERIFY === 'full' ? 20_000 : 2_000
const LIMITED = process.env.ATP_VERIFY === 'full' ? 2_000 : 600

afterEach(async () => {
  for (const each of opened.splice(0).reverse()) await each[Symbol.asyncDispose]()
})

afterAll(async () => {
  if (postgres.missing === null) await postgres.stop()
  if (probe.missing === null) await probe.stop()
})

type Options = Partial<Omit<GatewayOfWorkersOptions, 'databaseUrl'>>

async function workers(count: number, options: Options = {}): Promise<KeyedGateway> {
  return (await workersWithRecords(count, options)).gateway
}

/** @returns the gateway, and how to read the ids of all decisions that its database has */
async function workersWithRecords(count: number, options: Options = {}) {
  if (postgres.missing !== null) throw new Error(postgres.missing)
  const databaseUrl = await postgres.createDatabase()
  const started = await GatewayOfWorkers.start({ workers: count, databaseUrl, ...options })
  opened.push(started)
  const records = async (): Promise<string[]> => {
    const client = new pg.Client({ connectionString: databaseUrl })
    await client.connect()
    try {
      const { rows } = await client.query<{ id: string }>('select id from decisions')
      return rows.map(({ id }) => id)
    } finally {
      await client.end()
    }
  }
  return { gateway: started.gateway, records }
}

const stream = (gateway: KeyedGateway, key: string): Promise<Response> =>
  fetch(`${gateway.url}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${key}` },
    body: JSON.stringify({ model: 'auto', stream: true, messages: [{ role: 'user', content: 'hi' }] }),
  })

const ask = (gateway: KeyedGateway, key: string) => async (): Promise<string | null> => {
  const { status, text } = await gateway.ask(key)
  return status === 200 ? null : `${status} ${text}`
}

const metricsOf = async (gateway: KeyedGateway) => (await call(gateway, 'GET /metrics', { key: null })).text

/** Process ids of the workers that serve or drain, by what the log says. */
const pidsOf = (gateway: KeyedGateway): number[] =>
  [...gateway.gateway.output.matchAll(/"pid":(\d+),"msg":"a worker serves"/g)].map(([, pid]) => Number(pid))

const isRunning = (pid: number): boolean => {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

describe.skipIf(missing !== null)(`workers${missing === null ? '' : ` (skipped: ${missing})`}`, () => {
  it(`are replaced one after the other on SIGHUP, and none of ${REQUESTS} requests fails`, async () => {
    const gateway = await workers(2)
    const { key } = await gateway.sharedTenant('steady')
    const before = pidsOf(gateway)
    const rolled = async () => {
      gateway.gateway.child.kill('SIGHUP')
      await expect.poll(() => gateway.gateway.output).toContain('all workers serve by the configuration')
    }
    const report = await load({ clients: 16, requests: REQUESTS, send: ask(gateway, key), until: rolled() })
    expect(report.failures).toEqual([])
    // All of them are in the sum, those included that the workers before had counted.
    const counted = async () =>
      seriesOf(await metricsOf(gateway), 'atp_requests_total{endpoint="/v1/ask",status="2xx"}')
    await expect.poll(counted).toBe(report.sent)
    expect(pidsOf(gateway).filter(pid => !before.includes(pid))).toHaveLength(2)
    expect(await gateway.gateway.end()).toBe(0)
    expect(pidsOf(gateway).filter(isRunning)).toEqual([])
  }, 300_000)

  it('serve on as they did where the new configuration cannot be had, and say why; and take up one that can', async () => {
    const gateway = await workers(2)
    const { key } = await gateway.sharedTenant('steady')
    const file = gateway.gateway.configFile
    const written = JSON.parse(readFileSync(file, 'utf8')) as { adapters: { models: object[] }[] }
    const reload = async (change: object, outcome: RegExp): Promise<void> => {
      writeFileSync(file, JSON.stringify({ ...written, ...change }))
      const before = gateway.gateway.output.length
      gateway.gateway.child.kill('SIGHUP')
      await expect.poll(() => gateway.gateway.output.slice(before)).toMatch(outcome)
    }
    const report = await load({
      clients: 4,
      requests: 100,
      send: ask(gateway, key),
      until: (async () => {
        await reload({ routing: { half_lif: '1h' } }, /reload was refused.*routing\.half_lif/)
        await reload({ server: { host: 'localhost' } }, /reload was refused.*server\.host.*127\.0\.0\.1/)
        // Valid, as far as can be told without a start.
        await reload({ judge: { model: 'up/nobody' } }, /reload was refused.*judge\.model/)
      })(),
    })
    expect(report.failures).toEqual([])
    expect(pidsOf(gateway)).toHaveLength(2)
    const models = async () =>
      (await call<{ data: { id: string }[] }>(gateway, 'GET /v1/models', { key })).body.data.map(
        ({ id }) => id,
      )
    expect(await models()).not.toContain('up/added')
    const [adapter] = written.adapters
    const added = {
      ...adapter,
      models: [...(adapter?.models ?? []), { name: 'added', input_usd_per_mtok: 1, output_usd_per_mtok: 1 }],
    }
    await reload({ adapters: [added] }, /all workers serve by the configuration/)
    // A connection that was idle meanwhile has one more answer from the worker that it was to.
    await expect.poll(models).toContain('up/added')
  })

  it(`admit exactly a quarter of ${LIMITED} requests at once, four of them together`, async () => {
    const gateway = await workers(4)
    const limits = [{ id: 'rph', scope: 'tenant', counts: 'requests', per: '1h', amount: LIMITED / 4 }]
    const { key } = await gateway.sharedTenant('exact', { limits })
    const asked = await Promise.all(Array.from({ length: LIMITED }, () => gateway.ask(key)))
    const of = (wanted: number) => asked.filter(({ status }) => status === wanted).length
    expect([of(200), of(429)]).toEqual([LIMITED / 4, LIMITED - LIMITED / 4])
  })

  it('outlive one of them that is killed: the others serve on, another takes its place, and nothing recorded is lost', async () => {
    const { gateway, records } = await workersWithRecords(2)
    const { key } = await gateway.sharedTenant('steady')
    const [killed] = pidsOf(gateway)
    const answered = new Set<string>()
    await load({
      clients: 8,
      requests: 200,
      send: async () => {
        const { status, body } = await gateway.ask(key)
        if (status === 200) answered.add(body.decision_id as string)
        return null
      },
      until: (async () => {
        await expect.poll(() => answered.size).toBeGreaterThan(50)
        process.kill(killed as number, 'SIGKILL')
        await expect.poll(() => pidsOf(gateway).length).toBe(3)
      })(),
    })
    expect(seriesOf(await metricsOf(gateway), 'atp_workers_lost_total')).toBe(1)
    expect(seriesOf(await metricsOf(gateway), 'atp_workers')).toBe(2)
    const kept = async () => {
      const stored = await records()
      return [...answered].filter(id => stored.filter(found => found === id).length !== 1)
    }
    await expect.poll(kept).toEqual([])
  })

  it('end with their primary', async () => {
    const gateway = await workers(2)
    await gateway.gateway.end('SIGKILL')
    await expect.poll(() => pidsOf(gateway).filter(isRunning)).toEqual([])
  })

  it('let what is under way finish on SIGTERM, and end with code 0; a second signal waits for nothing', async () => {
    let finish = (): void => undefined
    const script: Script = async (_request, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      response.write('data: {"choices":[{"delta":{"content":"first"}}]}\n\n')
      await new Promise<void>(resolve => {
        finish = resolve
      })
      response.end('data: {"choices":[{"delta":{},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n')
    }
    for (const signals of [1, 2]) {
      const gateway = await workers(2, { script })
      const { key } = await gateway.sharedTenant('steady')
      const response = await stream(gateway, key)
      const reader = (response.body as ReadableStream<Uint8Array>).getReader()
      await reader.read()
      const ended = gateway.gateway.end('SIGTERM')
      if (signals === 2) {
        await expect
          .poll(() =>
            fetch(`${gateway.url}/livez`).then(
              () => true,
              () => false,
            ),
          )
          .toBe(false)
        gateway.gateway.child.kill('SIGTERM')
        expect(await ended).toBe(1)
        await expect.poll(() => pidsOf(gateway).filter(isRunning)).toEqual([])
        continue
      }
      finish()
      let rest = ''
      for (let next = await reader.read(); !next.done; next = await reader.read()) {
        rest += Buffer.from(next.value).toString()
      }
      expect(rest).toContain('[DONE]')
      expect(await ended).toBe(0)
    }
  })

  it('hold their directory: a second gateway is refused by name', async () => {
    const dataDir = mkdtempSync(join(tmpdir(), 'atp-workers-'))
    opened.push({ [Symbol.asyncDispose]: async () => rmSync(dataDir, { recursive: true }) })
    const gateway = await workers(2, { dataDir })
    const { code, output } = await runAtp(['serve'], { dataDir })
    expect(output).toContain(`is in use by process ${gateway.gateway.pid}`)
    expect(code).toBe(1)
  })
})

describe('without what workers share', () => {
  it('more than one is refused, naming each key and what is allowed', async () => {
    const { code, output } = await runAtp(['serve', '--workers', '2'])
    expect(code).toBe(1)
    expect(output).toMatch(/redis\.url\s+found\s+nothing, with --workers 2\s+allowed .*one worker/)
    expect(output).toMatch(/database\.url\s+found\s+nothing, with --workers 2\s+allowed .*one worker/)
  })

  it('SIGHUP ends no single process, which says what it takes to reload', async () => {
    await using gateway = await GatewayProcess.start()
    gateway.child.kill('SIGHUP')
    await expect.poll(() => gateway.output).toContain('--workers 2')
    expect((await fetch(`${gateway.url}/livez`)).status).toBe(200)
  })
})
