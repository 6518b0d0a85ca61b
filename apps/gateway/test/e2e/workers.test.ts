/** Several workers behind one port, as their clients and whoever runs them see it. */
import { once } from 'node:events'
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { get as httpGet } from 'node:http'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { postgresForTests, redisForTests } from '@atp/test-services'
import pg from 'pg'
import { afterAll, afterEach, describe, expect, it } from 'vitest'
import { AskClient } from '../support/ask-client.ts'
import { GatewayProcess, runAtp } from '../support/gateway-process.ts'
import { call, type KeyedGateway } from '../support/keyed-gateway.ts'
import { load } from '../support/load.ts'
import { completionOf, type Script } from '../support/scripted-upstream.ts'
import { seriesOf } from '../support/series.ts'
import { GatewayOfWorkers, type GatewayOfWorkersOptions } from '../support/workers.ts'

const postgres = await postgresForTests()
const probe = await redisForTests()
const missing = postgres.missing ?? probe.missing
const opened: AsyncDisposable[] = []
const isFull = process.env.ATP_VERIFY === 'full'
const REQUESTS = isFull ? 20_000 : 2_000
const LIMITED = isFull ? 2_000 : 600

afterEach(async () => {
  for (const each of opened.splice(0).reverse()) await each[Symbol.asyncDispose]()
})

afterAll(async () => {
  if (postgres.missing === null) await postgres.stop()
  if (probe.missing === null) await probe.stop()
})

/** Many processes on few processors. */
const patience = { timeout: 120_000 }

type Options = Partial<GatewayOfWorkersOptions>

async function workers(count: number, options: Options = {}): Promise<KeyedGateway> {
  return (await workersWithRecords(count, options)).gateway
}

/** @returns the gateway, and how to read the ids of all decisions that its database has */
async function workersWithRecords(count: number, options: Options = {}) {
  if (postgres.missing !== null) throw new Error(postgres.missing)
  const databaseUrl = options.databaseUrl ?? (await postgres.createDatabase())
  const started = await GatewayOfWorkers.start({ workers: count, withRedis: true, ...options, databaseUrl })
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

describe.skipIf(missing !== null)(
  `workers${missing === null ? '' : ` (skipped: ${missing})`}`,
  { timeout: isFull ? 1_200_000 : 300_000 },
  () => {
    it(`are replaced one after the other on SIGHUP, and none of ${REQUESTS} requests fails`, async () => {
      const gateway = await workers(2)
      const { key } = await gateway.sharedTenant('steady')
      const before = pidsOf(gateway)
      const rolled = async () => {
        gateway.gateway.child.kill('SIGHUP')
        await expect
          .poll(() => gateway.gateway.output, patience)
          .toContain('all workers serve by the configuration')
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
    })

    it('serve on as they did where the new configuration cannot be had, and say why; and take up one that can', async () => {
      const gateway = await workers(2)
      const { key } = await gateway.sharedTenant('steady')
      const file = gateway.gateway.configFile
      const written = JSON.parse(readFileSync(file, 'utf8')) as { adapters: { models: object[] }[] }
      const reload = async (change: object, outcome: RegExp): Promise<void> => {
        writeFileSync(file, JSON.stringify({ ...written, ...change }))
        const before = gateway.gateway.output.length
        gateway.gateway.child.kill('SIGHUP')
        await expect.poll(() => gateway.gateway.output.slice(before), patience).toMatch(outcome)
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
        models: [
          ...(adapter?.models ?? []),
          { name: 'added', input_usd_per_mtok: 1, output_usd_per_mtok: 1 },
        ],
      }
      await reload({ adapters: [added] }, /all workers serve by the configuration/)
      // A connection that was idle meanwhile has one more answer from the worker that it was to.
      await expect.poll(models, patience).toContain('up/added')
    })

    it('that leave close a socket with 1001 once its request is answered, and its client comes back to another', async () => {
      const waiting: (() => void)[] = []
      const script: Script = async (_request, response) => {
        await new Promise<void>(resolve => waiting.push(resolve))
        response.setHeader('content-type', 'application/json')
        response.end(JSON.stringify(completionOf('Hello.', { prompt_tokens: 1, completion_tokens: 1 })))
      }
      const gateway = await workers(2, { script, withRedis: false })
      const { key } = await gateway.sharedTenant('steady')
      const headers = { authorization: `Bearer ${key}` }
      await using client = await AskClient.connect(gateway, { headers })
      const answer = client.ask('a')
      await expect.poll(() => waiting.length, patience).toBe(1)
      gateway.gateway.child.kill('SIGHUP')
      await expect
        .poll(() => gateway.gateway.output, patience)
        .toContain('all workers serve by the configuration')
      for (const answered of waiting) answered()
      expect((await answer).type).toBe('answer')
      expect((await client.closed).code).toBe(1001)
      await using again = await AskClient.connect(gateway, { headers })
      expect(again.socket.readyState).toBe(again.socket.OPEN)
    })

    it.each([
      ['Redis', true],
      ['their primary', false],
    ])(
      `admit exactly a quarter of ${LIMITED} requests at once, four of them together, by limits in %s`,
      async (_where, withRedis) => {
        const gateway = await workers(4, { withRedis })
        const limits = [{ id: 'rph', scope: 'tenant', counts: 'requests', per: '1h', amount: LIMITED / 4 }]
        const { key } = await gateway.sharedTenant('exact', { limits })
        const asked = await Promise.all(Array.from({ length: LIMITED }, () => gateway.ask(key)))
        const of = (wanted: number) => asked.filter(({ status }) => status === wanted).length
        expect([of(200), of(429)]).toEqual([LIMITED / 4, LIMITED - LIMITED / 4])
      },
    )

    it('learn as one, also without Redis', async () => {
      const script: Script = (_request, response) => {
        const completion = completionOf('', { prompt_tokens: 3, completion_tokens: 5 })
        const choices = [
          { ...completion.choices[0], message: { role: 'assistant', content: '', refusal: 'no' } },
        ]
        response.setHeader('content-type', 'application/json')
        response.end(JSON.stringify({ ...completion, choices }))
      }
      const gateway = await workers(2, { withRedis: false, script, env: { ATP_ROUTING_HALF_LIFE: 'never' } })
      const { key } = await gateway.sharedTenant('steady')
      for (let time = 0; time < 10; time++) expect((await gateway.ask(key)).status).toBe(200)
      const reliability = async () => {
        const { body } = await call<{ candidates: { estimate: { reliability: number } }[] }>(
          gateway,
          'POST /v1/plan',
          {
            key,
            body: { prompt: 'hi' },
            headers: { connection: 'close' },
          },
        )
        return body.candidates[0]?.estimate.reliability.toFixed(6)
      }
      // Ten refusals, next to the twenty sound answers that a new model is taken to have given: on every connection, whose worker it be.
      const everywhere = async () => new Set(await Promise.all(Array.from({ length: 8 }, reliability)))
      await expect.poll(everywhere, patience).toEqual(new Set([((20 + 10 * 0.3) / 30).toFixed(6)]))
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
          await expect.poll(() => answered.size, patience).toBeGreaterThan(50)
          process.kill(killed as number, 'SIGKILL')
          await expect.poll(() => pidsOf(gateway).length, patience).toBe(3)
        })(),
      })
      expect(seriesOf(await metricsOf(gateway), 'atp_workers_lost_total')).toBe(1)
      expect(seriesOf(await metricsOf(gateway), 'atp_workers')).toBe(2)
      const kept = async () => {
        const stored = await records()
        return [...answered].filter(id => stored.filter(found => found === id).length !== 1)
      }
      await expect.poll(kept, patience).toEqual([])
    })

    it('leave no client waiting for one of them that was killed before it took its connection', async () => {
      const { gateway } = await workersWithRecords(2)
      const [stuck] = pidsOf(gateway)
      process.kill(stuck as number, 'SIGSTOP')
      let answered = 0
      const ask = async () => {
        // On a connection of its own.
        const [response] = await once(httpGet(`${gateway.url}/livez`, { agent: false }), 'response')
        answered += 1
        return response.statusCode
      }
      const asked = Array.from({ length: 8 }, ask)
      await expect.poll(() => answered, patience).toBe(7)
      process.kill(stuck as number, 'SIGKILL')
      expect(await Promise.all(asked)).toEqual(Array.from({ length: 8 }, () => 200))
    })

    it('end, with a reason, where five in a row die at once', async () => {
      const gateway = await workers(2, { withRedis: false })
      const ended = once(gateway.gateway.child, 'exit')
      for (let killed = 0; killed < 5; killed++) {
        await expect.poll(() => pidsOf(gateway).length, patience).toBe(2 + killed)
        process.kill(pidsOf(gateway).at(-1) as number, 'SIGKILL')
      }
      expect((await ended)[0]).toBe(1)
      expect(gateway.gateway.output).toContain('the gateway ends: a worker ended 5 times in a row')
      expect(pidsOf(gateway).filter(isRunning)).toEqual([])
    })

    it('have development keys where a single process has them, and all know them', async () => {
      const dataDir = mkdtempSync(join(tmpdir(), 'atp-workers-'))
      opened.push({ [Symbol.asyncDispose]: async () => rmSync(dataDir, { recursive: true }) })
      const databaseUrl = await (postgres.missing === null ? postgres.createDatabase() : '')
      const env = { DATABASE_URL: databaseUrl }
      await using gateway = await GatewayProcess.start({ workers: 2, auth: 'dev', dataDir, env })
      expect(gateway.output).toContain(`dev key in ${join(dataDir, 'dev-key')}`)
      const key = readFileSync(join(dataDir, 'dev-key'), 'utf8').trim()
      const headers = { authorization: `Bearer ${key}`, connection: 'close' }
      for (let time = 0; time < 4; time++) {
        expect((await fetch(`${gateway.url}/v1/models`, { headers })).status).toBe(200)
      }
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
          await expect.poll(() => gateway.gateway.output, patience).toContain('the stop has begun')
          gateway.gateway.child.kill('SIGTERM')
          expect(await ended).toBe(143)
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

    it('end with code 0 where SIGTERM goes to all of them at once, as a service manager sends it', async () => {
      const gateway = await workers(2, { withRedis: false })
      const pids = pidsOf(gateway)
      const ended = once(gateway.gateway.child, 'exit')
      for (const pid of [...pids, gateway.gateway.pid]) process.kill(pid, 'SIGTERM')
      expect((await ended)[0]).toBe(0)
      expect(pids.filter(isRunning)).toEqual([])
    })

    it.each([
      ['is launched', 'the configuration is valid'],
      ['starts', '"component":"database"'],
    ])('end with code 0 where SIGTERM comes while a successor %s', async (_when, said) => {
      const gateway = await workers(2, { withRedis: false })
      const pids = pidsOf(gateway)
      const before = gateway.gateway.output.length
      gateway.gateway.child.kill('SIGHUP')
      await expect
        .poll(() => gateway.gateway.output.slice(before), { ...patience, interval: 5 })
        .toContain(said)
      expect(await gateway.gateway.end('SIGTERM')).toBe(0)
      expect(gateway.gateway.output).not.toContain('"fate"')
      expect(pids.filter(isRunning)).toEqual([])
    })

    it('hold their directory; one process alone hands its journal down to them, and adopts theirs', async () => {
      const dataDir = mkdtempSync(join(tmpdir(), 'atp-workers-'))
      opened.push({ [Symbol.asyncDispose]: async () => rmSync(dataDir, { recursive: true }) })
      const databaseUrl = await (postgres.missing === null ? postgres.createDatabase() : '')
      const alone = () => GatewayProcess.start({ dataDir, env: { DATABASE_URL: databaseUrl } })
      const journals = () =>
        readdirSync(dataDir, { recursive: true }).filter(name => basename(String(name)) === 'journal.sqlite')
      await (await alone()).end()
      expect(journals()).toEqual(['journal.sqlite'])
      // As one of more workers than there are now left it.
      mkdirSync(join(dataDir, 'worker-9'))
      copyFileSync(join(dataDir, 'journal.sqlite'), join(dataDir, 'worker-9/journal.sqlite'))
      const gateway = await workers(2, { dataDir, databaseUrl, withRedis: false })
      const theirs = ['worker-1/journal.sqlite', 'worker-2/journal.sqlite']
      await expect.poll(() => journals().sort(), patience).toEqual(theirs)
      const { code, output } = await runAtp(['serve'], { dataDir })
      expect(output).toContain(`is in use by process ${gateway.gateway.pid}`)
      expect(code).toBe(1)
      expect(await gateway.gateway.end()).toBe(0)
      await using after = await alone()
      await expect.poll(journals, patience).toEqual(['journal.sqlite'])
      expect(await after.end()).toBe(0)
    })
  },
)

describe('without what workers share', () => {
  it('more than one is refused, naming each key and what is allowed', async () => {
    const { code, output } = await runAtp(['serve', '--workers', '2'])
    expect(code).toBe(1)
    expect(output).toMatch(/database\.url\s+found\s+nothing, with --workers 2\s+allowed .*one worker/)
  })

  it('SIGHUP ends no single process, which says what it takes to reload', async () => {
    await using gateway = await GatewayProcess.start()
    gateway.child.kill('SIGHUP')
    await expect.poll(() => gateway.output).toContain('--workers 2')
    expect((await fetch(`${gateway.url}/livez`)).status).toBe(200)
  })
})
