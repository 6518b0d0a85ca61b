/** Postgres is away for long: what gathered meanwhile drains when it is back, and live requests are answered beside it. */
import { postgresForTests, startPostgres } from '@atp/test-services'
import pg from 'pg'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { get, post } from '../support/post.ts'
import { SimulatedSetup } from '../support/simulated.ts'
import { SteadyLoad } from '../support/steady-load.ts'

const BACKLOG = 50_000
const BATCH = 1_000
const LIVE_PER_SECOND = 50
const WAIT = { timeout: 120_000, interval: 20 }

const probe = await postgresForTests()
if (probe.missing === null) await probe.stop()

describe.skipIf(probe.missing !== null)(
  `Postgres away for long${probe.missing === null ? '' : ` (skipped: ${probe.missing})`}`,
  () => {
    it(`${BACKLOG} rows drain, live requests are answered meanwhile, and all of it is there once`, async () => {
      const server = await startPostgres()
      onTestFinished(() => server.stop())
      const url = await server.createDatabase()
      const setup = await SimulatedSetup.start({ timeScale: 0, env: { DATABASE_URL: url } })
      onTestFinished(() => setup[Symbol.asyncDispose]())
      await vi.waitFor(async () => expect(await tablesIn(url)).toBe(1), WAIT)
      await server.halt()
      for (let sent = 0; sent < BACKLOG; sent += BATCH) {
        const call = { arm: 'alpha/sim-mini', outcome: 'success', latency_ms: 100 }
        const { status } = await post(setup.gateway, '/v1/observe', { observations: Array(BATCH).fill(call) })
        expect(status).toBe(202)
      }
      const load = new SteadyLoad(setup.gateway.url, LIVE_PER_SECOND)
      await server.resume()
      const answeredWhileDraining = new Set<number>()
      await vi.waitFor(async () => {
        const lag = await lagOf(setup)
        if (lag > 0 && lag < BACKLOG) answeredWhileDraining.add(load.heard.length)
        // The live rows of the last moment are always on their way.
        expect(lag).toBeLessThan(BATCH)
      }, WAIT)
      await load.stop()
      expect(answeredWhileDraining.size).toBeGreaterThan(1)
      expect([...load.statuses.keys()]).toEqual([200])
      await vi.waitFor(async () => expect(await lagOf(setup)).toBe(0), WAIT)
      expect(await countsIn(url)).toEqual({
        outside: BACKLOG,
        attempts: load.heard.length,
        decisions: load.heard.length,
      })
    }, 300_000)
  },
)

async function lagOf(setup: SimulatedSetup): Promise<number> {
  const { text } = await get(setup.gateway, '/metrics')
  return Number(/^atp_journal_drain_lag_rows (\d+)$/m.exec(text)?.[1])
}

async function tablesIn(url: string): Promise<number> {
  const [row] = await query(url, "select count(*)::int as count from pg_tables where tablename = 'decisions'")
  return row?.count as number
}

async function countsIn(url: string): Promise<unknown> {
  const [row] = await query(
    url,
    `select (select count(*)::int from observations where kind = 'outside') as outside,
      (select count(*)::int from observations where kind = 'attempt') as attempts,
      (select count(*)::int from decisions) as decisions`,
  )
  return row
}

async function query(url: string, text: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client(url)
  await client.connect()
  try {
    return (await client.query(text)).rows
  } finally {
    await client.end()
  }
}
