import { existsSync, readFileSync } from 'node:fs'
import { afterEach, describe, expect, it } from 'vitest'
import { SimulatedSetup } from '../support/simulated.ts'

const opened: AsyncDisposable[] = []

afterEach(async () => {
  for (const resource of opened.splice(0).reverse()) await resource[Symbol.asyncDispose]()
})

async function start(options: Parameters<typeof SimulatedSetup.start>[0] = {}): Promise<SimulatedSetup> {
  const setup = await SimulatedSetup.start({ timeScale: 0, ...options })
  opened.push(setup)
  return setup
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

/** Resident memory of a process in MB, where the system tells. */
function residentMb(pid: number): number | null {
  const status = `/proc/${pid}/status`
  if (!existsSync(status)) return null
  return Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(status, 'utf8'))?.[1]) / 1024
}

const ARM = 'alpha/sim-nano'
const TOTAL = 1_000_001
/** By then every buffer has the size that it keeps. */
const SETTLED = 400_000

describe('observations', () => {
  it(`are taken without end: number 10,001 and number ${TOTAL.toLocaleString('en')} like the first`, async () => {
    const setup = await start({ env: { ATP_ROUTING_HALF_LIFE: 'never' } })
    const before = (await posteriors(setup))[ARM] as number
    let sent = 0
    let next = 0
    let last = 0
    const sender = async (): Promise<void> => {
      while (next < last) {
        const size = Math.min(1_000, last - next)
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
    const send = () => Promise.all([sender(), sender(), sender(), sender()])
    last = SETTLED
    await send()
    const settled = residentMb(setup.gateway.pid)
    last = TOTAL
    await send()
    const end = residentMb(setup.gateway.pid)
    // Nothing that grows with the observations: a leak of one object each would be a multiple of this.
    if (settled !== null && end !== null) expect(end - settled).toBeLessThan(200)
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

  it('of which one is wrong lose that one alone', async () => {
    const setup = await start()
    const good = { arm: ARM, outcome: 'success', quality: 1 }
    const observations = [
      good,
      { decision_id: 'nobody-made-this', quality: 1 },
      { ...good, arm: 'no/such' },
      good,
    ]
    const { status, body } = await setup.post<{ results: { status: string; error?: { code: string } }[] }>(
      '/v1/observe',
      { observations },
    )
    expect(status).toBe(202)
    expect(body.results.map(result => result.error?.code ?? result.status)).toEqual([
      'accepted',
      'unknown_decision',
      'unknown_model',
      'accepted',
    ])
  })

  it('of a model that the client named move nothing', async () => {
    const setup = await start({ env: { ATP_ROUTING_HALF_LIFE: 'never' } })
    const { body } = await setup.post<{ decision_id: string }>('/v1/ask', { prompt: 'Hello?', model: ARM })
    const before = await posteriors(setup)
    await setup.post('/v1/observe', { decision_id: body.decision_id, quality: 1 })
    expect(await posteriors(setup)).toEqual(before)
  })
})
