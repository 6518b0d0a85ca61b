/** Killed in the middle of 500 requests a second, again and again: what a client got whole is in Postgres afterwards, once. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { type PostgresServer, postgresForTests, startPostgres } from '@atp/test-services'
import pg from 'pg'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { get } from '../support/post.ts'
import { SimulatedSetup } from '../support/simulated.ts'
import { SteadyLoad } from '../support/steady-load.ts'

const KILLS = process.env.ATP_VERIFY === 'full' ? 20 : 2
const REQUESTS_PER_SECOND = 500
/** Of load, before the kill, in thirds. */
const THIRD_MS = 700
const WAIT = { timeout: 60_000, interval: 50 }

const probe = await postgresForTests()
if (probe.missing === null) await probe.stop()

describe.skipIf(probe.missing !== null)(
  `kill -9 under load, ${KILLS} times${probe.missing === null ? '' : ` (skipped: ${probe.missing})`}`,
  () => {
    it.each([
      ['with Postgres', false],
      ['with Postgres stopped for the middle third', true],
    ] as const)(
      'loses nothing and doubles nothing %s',
      async (_name, interrupted) => {
        const server = await startPostgres()
        onTestFinished(() => server.stop())
        const url = await server.createDatabase()
        const dataDir = mkdtempSync(join(tmpdir(), 'atp-killed-'))
        onTestFinished(() => rmSync(dataDir, { recursive: true, force: true }))
        const heard: string[] = []
        for (let kills = 0; kills <= KILLS; kills++) {
          const setup = await SimulatedSetup.start({
            timeScale: 0,
            dataDir,
            env: { DATABASE_URL: url, ATP_OBSERVATION_SNAPSHOT_INTERVAL: '500ms' },
          })
          try {
            await vi.waitFor(async () => expect(await lagOf(setup)).toBe(0), WAIT)
            if (kills > 0) await expectKeptOnce(url, heard)
            if (kills < KILLS) heard.push(...(await killUnderLoad(setup, interrupted ? server : null)))
          } finally {
            await setup[Symbol.asyncDispose]()
          }
        }
        // Otherwise nothing was tried.
        expect(heard.length).toBeGreaterThan(KILLS * 100)
      },
      KILLS * 60_000 + 60_000,
    )
  },
)

/** @returns decisions whose answers a client got whole */
async function killUnderLoad(setup: SimulatedSetup, server: PostgresServer | null): Promise<string[]> {
  const load = new SteadyLoad(setup.gateway.url, REQUESTS_PER_SECOND)
  await delay(THIRD_MS)
  await server?.halt()
  await delay(THIRD_MS)
  await server?.resume()
  await delay(THIRD_MS)
  await setup.gateway.end('SIGKILL')
  await load.stop()
  // An outage is no client's concern.
  expect([...load.statuses.keys()].filter(status => status !== 200 && status !== 0)).toEqual([])
  return load.heard
}

async function lagOf(setup: SimulatedSetup): Promise<number> {
  const { text } = await get(setup.gateway, '/metrics')
  return Number(/^atp_journal_drain_lag_rows (\d+)$/m.exec(text)?.[1])
}

async function expectKeptOnce(url: string, heard: readonly string[]): Promise<void> {
  const client = new pg.Client(url)
  await client.connect()
  try {
    const counted = await client.query(
      `select decisions.id, count(observations.id)::int as attempts
       from decisions left join observations on decision_id = decisions.id and observations.kind = 'attempt'
       group by decisions.id`,
    )
    const attempts = new Map(counted.rows.map(({ id, attempts }) => [id as string, attempts as number]))
    expect(attempts.size).toBe(counted.rows.length)
    expect(heard.filter(id => attempts.get(id) !== 1)).toEqual([])
    // What nobody heard of is whole all the same.
    expect([...attempts].filter(([, count]) => count !== 1)).toEqual([])
    const { rows } = await client.query(
      `select count(*)::int as strays from observations left join decisions on decisions.id = decision_id
       where decision_id is not null and decisions.id is null`,
    )
    expect(rows).toEqual([{ strays: 0 }])
  } finally {
    await client.end()
  }
}
