/** What was acknowledged is never lost and never counted twice: over stops, kills, and outages of Postgres. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { postgresForTests, startPostgres } from '@atp/test-services'
import pg from 'pg'
import { afterAll, afterEach, describe, expect, it, vi } from 'vitest'
import { get } from '../support/post.ts'
import { SimulatedSetup } from '../support/simulated.ts'

const opened: AsyncDisposable[] = []
const folders: string[] = []

afterEach(async () => {
  for (const resource of opened.splice(0).reverse()) await resource[Symbol.asyncDispose]()
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true })
})

async function start(options: Parameters<typeof SimulatedSetup.start>[0] = {}): Promise<SimulatedSetup> {
  const setup = await SimulatedSetup.start({ timeScale: 0, ...options })
  opened.push(setup)
  return setup
}

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'atp-data-'))
  folders.push(path)
  return path
}

interface Answer {
  readonly decision_id: string
}

interface Status {
  readonly status: string
}

async function posteriors(setup: SimulatedSetup): Promise<Record<string, number>> {
  const { body } = await setup.post<{
    candidates: readonly { readonly arm: string; readonly estimate: Record<string, number> }[]
  }>('/v1/plan', { prompt: 'Hello?' })
  return Object.fromEntries(
    body.candidates.map(({ arm, estimate }) => [arm, estimate.quality_alpha as number]),
  )
}

describe.each([
  ['an orderly stop', 'SIGTERM'],
  ['kill -9', 'SIGKILL'],
] as const)('after %s', (_name, signal) => {
  it('everything that was acknowledged is known again, and nothing of the prompts is on disk', async () => {
    const dataDir = folder()
    const env = { ATP_ROUTING_HALF_LIFE: 'never' }
    const first = await start({ dataDir, env })
    const canary = 'xyzzy-canary-in-the-prompt'
    const decisions: string[] = []
    for (let times = 0; times < 40; times++) {
      const { body } = await first.post<Answer>('/v1/ask', { prompt: canary })
      decisions.push(body.decision_id)
      if (times % 2 === 0) await first.post('/v1/observe', { decision_id: body.decision_id, quality: 0.75 })
    }
    const learned = await posteriors(first)
    await first.gateway.end(signal)
    const second = await start({ dataDir, env })
    expect(await posteriors(second)).toEqual(learned)
    const observe = (decision: string | undefined, quality: number) =>
      second.post<Status>('/v1/observe', { decision_id: decision, quality })
    expect(await observe(decisions[1], 0.5)).toMatchObject({ status: 202, body: { status: 'accepted' } })
    expect((await observe(decisions[0], 0.75)).body.status).toBe('duplicate')
    for (const file of readdirSync(dataDir)) {
      expect(readFileSync(join(dataDir, file)).includes(canary)).toBe(false)
    }
  })
})

describe('kill -9 in the middle of the work', () => {
  it.each([100, 300, 700])(
    'keeps every decision that a client has heard of (after %i answers)',
    async answers => {
      const dataDir = folder()
      const first = await start({ dataDir })
      const heard: string[] = []
      let killed = false
      const asker = async (): Promise<void> => {
        while (!killed) {
          const answer = await first.post<Answer>('/v1/ask', { prompt: 'Hello?' }).catch(() => null)
          if (answer?.status === 200) heard.push(answer.body.decision_id)
        }
      }
      const askers = Array.from({ length: 8 }, asker)
      await vi.waitFor(() => expect(heard.length).toBeGreaterThan(answers), 60_000)
      await first.gateway.end('SIGKILL')
      killed = true
      await Promise.all(askers)
      const second = await start({ dataDir })
      const submit = async (): Promise<string[]> => {
        const statuses: string[] = []
        for (let from = 0; from < heard.length; from += 1_000) {
          const observations = heard.slice(from, from + 1_000).map(id => ({ decision_id: id, quality: 1 }))
          const { body } = await second.post<{ results: Status[] }>('/v1/observe', { observations })
          statuses.push(...body.results.map(result => result.status))
        }
        return statuses
      }
      expect(new Set(await submit())).toEqual(new Set(['accepted']))
      expect(new Set(await submit())).toEqual(new Set(['duplicate']))
    },
  )
})

const postgres = await postgresForTests()

afterAll(async () => {
  if (postgres.missing === null) await postgres.stop()
})

interface Counts {
  readonly decisions: number
  readonly observations: number
  readonly ids: number
}

async function countsIn(url: string): Promise<Counts> {
  const client = new pg.Client(url)
  await client.connect()
  try {
    const { rows } = await client.query(
      'select (select count(*)::int from decisions) as decisions, count(*)::int as observations, count(distinct id)::int as ids from observations',
    )
    return rows[0]
  } finally {
    await client.end()
  }
}

async function askAndJudge(setup: SimulatedSetup, times: number): Promise<void> {
  for (let done = 0; done < times; done++) {
    const { status, body } = await setup.post<Answer>('/v1/ask', { prompt: 'Hello?' })
    expect(status).toBe(200)
    const feedback = await setup.post<Status>('/v1/observe', { decision_id: body.decision_id, quality: 1 })
    expect(feedback).toMatchObject({ status: 202, body: { status: 'accepted' } })
  }
}

describe.skipIf(postgres.missing !== null)(
  `with Postgres${postgres.missing === null ? '' : ` (skipped: ${postgres.missing})`}`,
  () => {
    it('every decision and observation arrives there once', async () => {
      if (postgres.missing !== null) return
      const url = await postgres.createDatabase()
      const setup = await start({ env: { DATABASE_URL: url } })
      await askAndJudge(setup, 25)
      expect(await setup.gateway.end('SIGTERM')).toBe(0)
      expect(await countsIn(url)).toEqual({ decisions: 25, observations: 50, ids: 50 })
    })

    it('an outage costs no request and no row: ready but degraded meanwhile, all there once afterwards', async () => {
      if (postgres.missing !== null) return
      // Its own: nobody else's server is stopped.
      const server = await startPostgres()
      opened.push({ [Symbol.asyncDispose]: () => server.stop() })
      const url = await server.createDatabase()
      const setup = await start({ env: { DATABASE_URL: url } })
      const readiness = async () => (await get<Status>(setup.gateway, '/readyz')).body.status
      await askAndJudge(setup, 10)
      await vi.waitFor(async () => expect(await countsIn(url)).toMatchObject({ observations: 20 }), 30_000)
      await server.halt()
      await askAndJudge(setup, 20)
      await expect.poll(readiness, { timeout: 30_000 }).toBe('degraded')
      await server.resume()
      await expect.poll(readiness, { timeout: 30_000 }).toBe('ok')
      const all = { decisions: 30, observations: 60, ids: 60 }
      await vi.waitFor(async () => expect(await countsIn(url)).toEqual(all), 30_000)
    })
  },
)
