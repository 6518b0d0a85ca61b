/** What cannot be recorded is refused before a model is called, and the gateway goes on by itself when it can be. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type PostgresServer, postgresForTests, smallDisk, startPostgres } from '@atp/test-services'
import pg from 'pg'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { runAtp } from '../support/gateway-process.ts'
import { get } from '../support/post.ts'
import { SimulatedSetup } from '../support/simulated.ts'

const WAIT = { timeout: 60_000, interval: 50 }
const opened: (AsyncDisposable | Disposable)[] = []

afterEach(async () => {
  for (const resource of opened.splice(0).reverse()) {
    if (Symbol.asyncDispose in resource) await resource[Symbol.asyncDispose]()
    else resource[Symbol.dispose]()
  }
})

async function start(options: Parameters<typeof SimulatedSetup.start>[0] = {}): Promise<SimulatedSetup> {
  const setup = await SimulatedSetup.start({ timeScale: 0, ...options })
  opened.push(setup)
  return setup
}

interface Answer {
  readonly decision_id: string
  readonly code: string
  readonly detail: string
}

const ask = (setup: SimulatedSetup) => setup.post<Answer>('/v1/ask', { prompt: 'Hello?' })

/** Calls of models, as the gateway counts them. */
async function callsOf(setup: SimulatedSetup): Promise<number> {
  const { body } = await get<{ adapters: Record<string, { calls: number }> }>(setup.gateway, '/healthz')
  return Object.values(body.adapters).reduce((total, { calls }) => total + calls, 0)
}

/** Asks until something is refused. @returns the decisions that were answered, and the refusal */
async function askUntilRefused(setup: SimulatedSetup) {
  const answered: string[] = []
  for (let times = 0; times < 20_000; times++) {
    const { status, body } = await ask(setup)
    if (status !== 200) return { answered, status, body }
    answered.push(body.decision_id)
  }
  throw new Error('nothing was ever refused')
}

async function expectDoorClosed(setup: SimulatedSetup): Promise<void> {
  const before = await callsOf(setup)
  const refused = await ask(setup)
  expect(refused).toMatchObject({ status: 503, body: { code: 'storage_unavailable' } })
  expect(await setup.post('/v1/observe', { decision_id: 'any', quality: 1 })).toMatchObject({ status: 503 })
  expect(await callsOf(setup)).toBe(before)
  expect((await get(setup.gateway, '/livez')).status).toBe(200)
  expect(await get(setup.gateway, '/readyz')).toMatchObject({
    status: 503,
    body: { checks: { database: { status: 'unavailable', detail: refused.body.detail } } },
  })
}

async function expectDoorOpens(setup: SimulatedSetup): Promise<void> {
  await vi.waitFor(async () => expect((await ask(setup)).status).toBe(200), WAIT)
  expect((await get(setup.gateway, '/readyz')).status).toBe(200)
}

async function metric(setup: SimulatedSetup, name: string): Promise<number> {
  const { text } = await get(setup.gateway, '/metrics')
  return Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(text)?.[1])
}

const disk = smallDisk(1)
if (disk.missing === null) disk.unmount()

describe.skipIf(disk.missing !== null)(
  `on a disk that gets full${disk.missing === null ? '' : ` (skipped: ${disk.missing})`}`,
  () => {
    it('answers a clear 503 before a model is called, stays alive, and recovers by itself', async () => {
      const disk = smallDisk(48)
      if (disk.missing !== null) throw new Error(disk.missing)
      opened.push({ [Symbol.dispose]: () => disk.unmount() })
      const dataDir = join(disk.path, 'data')
      const setup = await start({ dataDir })
      expect((await ask(setup)).status).toBe(200)
      disk.fill()
      const { body } = await askUntilRefused(setup)
      expect(body).toMatchObject({ code: 'storage_unavailable', detail: expect.stringContaining('disk') })
      await expectDoorClosed(setup)
      disk.free()
      await expectDoorOpens(setup)
    })
  },
)

describe('a journal at its limit, without Postgres', () => {
  const LIMIT = 1_500_000
  const env = { ATP_DATA_JOURNAL_LIMIT_BYTES: String(LIMIT), ATP_OBSERVATION_SNAPSHOT_INTERVAL: '100ms' }

  it('lets its oldest rows go, answers on, and says how many', async () => {
    const setup = await start({ env })
    const [first] = [await ask(setup)]
    await vi.waitFor(async () => {
      for (let times = 0; times < 100; times++) expect((await ask(setup)).status).toBe(200)
      expect(await metric(setup, 'atp_journal_dropped_rows_total')).toBeGreaterThan(0)
    }, WAIT)
    expect(await metric(setup, 'atp_journal_bytes')).toBeLessThan(1.5 * LIMIT)
    expect(setup.gateway.output).toContain('its oldest rows give way')
    expect((await get<{ status: string }>(setup.gateway, '/readyz')).body.status).toBe('ok')
    expect(first?.status).toBe(200)
  })

  it('refuses new work where that is wanted', async () => {
    const setup = await start({ env: { ...env, ATP_DATA_JOURNAL_FULL: 'refuse' } })
    const { body } = await askUntilRefused(setup)
    expect(body.detail).toContain(`it has reached ${LIMIT} bytes (data.journal_limit_bytes)`)
    await expectDoorClosed(setup)
  })
})

it('with durability off nothing is recorded, and learned state is kept all the same', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'atp-off-'))
  opened.push({ [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }) })
  const options = { dataDir: folder, env: { ATP_DATA_DURABILITY: 'off', ATP_ROUTING_HALF_LIFE: 'never' } }
  const first = await start(options)
  const { body } = await ask(first)
  expect(await first.post('/v1/observe', { decision_id: body.decision_id, quality: 1 })).toMatchObject({
    status: 202,
    body: { status: 'accepted' },
  })
  const plan = (setup: SimulatedSetup) =>
    setup.post<{ candidates: object }>('/v1/plan', { prompt: 'Hello?', decision_seed: '1' })
  const learned = (await plan(first)).body.candidates
  await first.gateway.end('SIGTERM')
  const replayed = await runAtp(['replay', '--json'], { ...options })
  expect(JSON.parse(replayed.output)).toMatchObject({ decisions: 0 })
  const second = await start(options)
  expect((await plan(second)).body.candidates).toEqual(learned)
  expect((await ask(second)).status).toBe(200)
})

it('durability database is refused where there is no database', async () => {
  const { code, output } = await runAtp(['serve'], { env: { ATP_DATA_DURABILITY: 'database' } })
  expect(code).toBe(1)
  expect(output).toContain('data.durability')
  expect(output).toContain('DATABASE_URL')
})

const probe = await postgresForTests()
if (probe.missing === null) await probe.stop()

describe.skipIf(probe.missing !== null)(
  `with Postgres${probe.missing === null ? '' : ` (skipped: ${probe.missing})`}`,
  () => {
    async function ownServer(): Promise<{ server: PostgresServer; url: string; query: Query }> {
      const server = await startPostgres()
      opened.push({ [Symbol.asyncDispose]: () => server.stop() })
      const url = await server.createDatabase()
      return { server, url, query: text => queryOn(url, text) }
    }

    it('a journal that gets full while it is away refuses, and drains by itself when it is back', async () => {
      const { server, url, query } = await ownServer()
      const env = {
        DATABASE_URL: url,
        ATP_DATA_JOURNAL_LIMIT_BYTES: '1500000',
        ATP_OBSERVATION_SNAPSHOT_INTERVAL: '200ms',
      }
      const setup = await start({ env })
      await server.halt()
      const { answered, body } = await askUntilRefused(setup)
      expect(body.detail).toContain('data.journal_limit_bytes')
      await expectDoorClosed(setup)
      await server.resume()
      await expectDoorOpens(setup)
      await vi.waitFor(async () => expect(await metric(setup, 'atp_journal_drain_lag_rows')).toBe(0), WAIT)
      const ids = (await query('select id from decisions')).map(row => row.id)
      expect(answered.filter(id => !ids.includes(id))).toEqual([])
    })

    it('durability database: what was answered is there, and while it is away nothing is', async () => {
      const { server, url, query } = await ownServer()
      const env = { DATABASE_URL: url, ATP_DATA_DURABILITY: 'database', ATP_DATA_COMMIT_TIMEOUT: '2s' }
      const setup = await start({ env })
      for (let times = 0; times < 20; times++) {
        const { status, body } = await ask(setup)
        expect(status).toBe(200)
        const id = body.decision_id
        expect(await query(`select id from decisions where id = '${id}'`)).toEqual([{ id }])
      }
      await server.halt()
      const refused = await ask(setup)
      expect(refused).toMatchObject({ status: 503, body: { code: 'storage_unavailable' } })
      await vi.waitFor(() => expectDoorClosed(setup), WAIT)
      await server.resume()
      await expectDoorOpens(setup)
    })

    it('a row that it refuses is shown, sent again and discarded by `atp dead-letters`', async () => {
      const { url, query } = await ownServer()
      const folder = mkdtempSync(join(tmpdir(), 'atp-letters-'))
      opened.push({ [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }) })
      const options = { dataDir: folder, env: { DATABASE_URL: url } }
      const setup = await start(options)
      await query(
        "create function no() returns trigger language plpgsql as $$ begin raise exception 'not in my table'; end $$",
      )
      await query('create trigger no before insert on decisions for each row execute function no()')
      const first = (await ask(setup)).body.decision_id
      const second = (await ask(setup)).body.decision_id
      await vi.waitFor(async () => expect(await metric(setup, 'atp_dead_letters')).toBe(2), WAIT)
      expect((await get(setup.gateway, '/readyz')).text).toContain('Postgres refused 2 rows')
      const atp = (...args: string[]) => runAtp(['dead-letters', ...args], options)
      const listed = await atp('list')
      expect(listed).toMatchObject({ code: 0 })
      expect(listed.output).toMatch(new RegExp(`${first}.*decision.*P0001.*not in my table`))
      const [shown] = JSON.parse((await atp('show', first, '--json')).output)
      expect(shown).toMatchObject({ id: first, kind: 'decision', code: 'P0001', row: { tenant: 'default' } })
      expect(await atp('show', 'nobody')).toMatchObject({ code: 1 })
      expect(await atp('discard')).toMatchObject({ code: 1 })
      await query('drop trigger no on decisions')
      expect((await atp('requeue', first)).output).toBe('1 row will be sent again\n')
      await vi.waitFor(
        async () => expect(await query('select id from decisions')).toEqual([{ id: first }]),
        WAIT,
      )
      expect(JSON.parse((await atp('discard', '--all', '--json')).output)).toEqual({ discarded: 1 })
      await vi.waitFor(async () => expect(await metric(setup, 'atp_dead_letters')).toBe(0), WAIT)
      expect(JSON.parse((await atp('list', '--json')).output)).toEqual([])
      expect(second).not.toBe(first)
    })
  },
)

type Query = (text: string) => Promise<Record<string, unknown>[]>

async function queryOn(url: string, text: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client(url)
  await client.connect()
  try {
    return (await client.query(text)).rows
  } finally {
    await client.end()
  }
}
