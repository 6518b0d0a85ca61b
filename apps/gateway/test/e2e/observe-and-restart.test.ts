import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { postgresForTests } from '@atp/test-services'
import pg from 'pg'
import { afterAll, afterEach, describe, expect, it } from 'vitest'
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

interface PlanBody {
  readonly candidates: readonly { readonly arm: string; readonly estimate: Record<string, number> }[]
}

async function posteriors(setup: SimulatedSetup): Promise<Record<string, number>> {
  const { body } = await setup.post<PlanBody>('/v1/plan', { prompt: 'Hello?' })
  return Object.fromEntries(
    body.candidates.map(({ arm, estimate }) => [arm, estimate.quality_alpha as number]),
  )
}

const ARM = 'alpha/sim-nano'
const TOTAL = 1_000_001

describe('observations', () => {
  it(`are taken without end: number 10,001 and number ${TOTAL.toLocaleString('en')} like the first`, async () => {
    const setup = await start({ env: { ATP_ROUTING_HALF_LIFE: 'never' } })
    const before = (await posteriors(setup))[ARM] as number
    let sent = 0
    let next = 0
    const sender = async (): Promise<void> => {
      while (next < TOTAL) {
        const size = Math.min(1_000, TOTAL - next)
        next += size
        const observations = Array.from({ length: size }, () => ({
          arm: ARM,
          outcome: 'success',
          quality: 1,
        }))
        const { status, body } = await setup.post<{ results: { status: string }[] }>('/v1/observe', {
          observations,
        })
        expect(status).toBe(202)
        sent += body.results.filter(result => result.status === 'accepted').length
      }
    }
    await Promise.all([sender(), sender(), sender(), sender()])
    expect(sent).toBe(TOTAL)
    expect((await posteriors(setup))[ARM]).toBe(before + TOTAL)
  }, 600_000)

  it('of one name count once, however many come at the same time', async () => {
    const setup = await start()
    const { body } = await setup.post<{ decision_id: string; model: string }>('/v1/ask', { prompt: 'Hello?' })
    const before = (await posteriors(setup))[body.model] as number
    const feedback = { decision_id: body.decision_id, quality: 1 }
    const answers = await Promise.all(
      Array.from({ length: 50 }, () => setup.post<{ status: string }>('/v1/observe', feedback)),
    )
    expect(answers.filter(answer => answer.body.status === 'accepted')).toHaveLength(1)
    expect(answers.filter(answer => answer.body.status === 'duplicate')).toHaveLength(49)
    expect((await posteriors(setup))[body.model]).toBeCloseTo(before + 1, 3)
  })

  it('of a model that the client named move nothing', async () => {
    const setup = await start({ env: { ATP_ROUTING_HALF_LIFE: 'never' } })
    const { body } = await setup.post<{ decision_id: string }>('/v1/ask', { prompt: 'Hello?', model: ARM })
    const before = await posteriors(setup)
    await setup.post('/v1/observe', { decision_id: body.decision_id, quality: 1 })
    expect(await posteriors(setup)).toEqual(before)
  })
})

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
      const { body } = await first.post<{ decision_id: string }>('/v1/ask', { prompt: canary })
      decisions.push(body.decision_id)
      if (times % 2 === 0) await first.post('/v1/observe', { decision_id: body.decision_id, quality: 0.75 })
    }
    const learned = await posteriors(first)
    await first.gateway.end(signal)
    const second = await start({ dataDir, env })
    expect(await posteriors(second)).toEqual(learned)
    const late = await second.post<{ status: string }>('/v1/observe', {
      decision_id: decisions[1],
      quality: 0.5,
    })
    expect(late).toMatchObject({ status: 202, body: { status: 'accepted' } })
    const again = await second.post<{ status: string }>('/v1/observe', {
      decision_id: decisions[0],
      quality: 0.75,
    })
    expect(again.body.status).toBe('duplicate')
    for (const file of readdirSync(dataDir)) {
      expect(readFileSync(join(dataDir, file)).includes(canary)).toBe(false)
    }
  })
})

const postgres = await postgresForTests()

afterAll(async () => {
  if (postgres.missing === null) await postgres.stop()
})

describe.skipIf(postgres.missing !== null)(
  `with Postgres${postgres.missing === null ? '' : ` (skipped: ${postgres.missing})`}`,
  () => {
    it('every decision and observation arrives there once', async () => {
      if (postgres.missing !== null) return
      const url = await postgres.createDatabase()
      const setup = await start({ env: { DATABASE_URL: url } })
      for (let times = 0; times < 25; times++) {
        const { body } = await setup.post<{ decision_id: string }>('/v1/ask', { prompt: 'Hello?' })
        await setup.post('/v1/observe', { decision_id: body.decision_id, quality: 1 })
      }
      expect(await setup.gateway.end('SIGTERM')).toBe(0)
      const client = new pg.Client(url)
      await client.connect()
      const { rows } = await client.query(
        'select (select count(*)::int from decisions) as decisions, count(*)::int as observations, count(distinct id)::int as ids from observations',
      )
      await client.end()
      expect(rows).toEqual([{ decisions: 25, observations: 50, ids: 50 }])
    })
  },
)
