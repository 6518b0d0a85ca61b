/** The health of each adapter, as real calls show it. */
import { afterAll, beforeAll, expect, it } from 'vitest'
import { get } from '../support/post.ts'
import { SimulatedSetup } from '../support/simulated.ts'

let setup: SimulatedSetup

beforeAll(async () => {
  setup = await SimulatedSetup.start({ timeScale: 0, env: { ATP_BREAKER_FAILURES: '2' } })
})

afterAll(() => setup[Symbol.asyncDispose]())

interface Health {
  readonly circuit: string
  readonly calls: number
  readonly error_rate: number | null
  readonly latency_p50_ms: number | null
  readonly latency_p95_ms: number | null
  readonly stale_ms: number | null
  readonly arms: Readonly<Record<string, Omit<Health, 'arms'>>>
}

async function healthOf(adapter: string): Promise<Health> {
  const { body } = await get<{ adapters: Record<string, Health> }>(setup.gateway, '/healthz')
  return body.adapters[adapter] as Health
}

it('says nothing of an adapter before its first call', async () => {
  expect(await healthOf('alpha')).toMatchObject({
    circuit: 'closed',
    calls: 0,
    error_rate: null,
    latency_p95_ms: null,
    stale_ms: null,
  })
})

it('tells calls, latency and failures of an adapter and of each of its arms, until its circuit opens', async () => {
  const model = 'alpha/sim-nano'
  const ask = () => setup.post('/v1/ask', { prompt: 'Hello?', model })
  for (let calls = 0; calls < 4; calls++) expect((await ask()).status).toBe(200)
  const well = await healthOf('alpha')
  expect(well).toMatchObject({ circuit: 'closed', calls: 4, error_rate: 0 })
  expect(well.latency_p95_ms).toBeGreaterThanOrEqual(well.latency_p50_ms as number)
  expect(well.arms[model]).toMatchObject({ calls: 4, error_rate: 0 })

  setup.provider.control.setAccount('alpha', { error_rate: 1 })
  for (let calls = 0; calls < 2; calls++) expect((await ask()).status).toBe(502)
  const ill = await healthOf('alpha')
  // The fault of a model, not of the account.
  expect(ill.arms[model]?.circuit).toBe('open')
  expect(ill).toMatchObject({ circuit: 'closed', calls: 6, latency_p50_ms: well.latency_p50_ms })
  expect(ill.error_rate).toBeCloseTo(1 / 3, 2)
  expect(ill.arms[model]?.error_rate).toBeCloseTo(1 / 3, 2)
  expect(await healthOf('beta')).toMatchObject({ circuit: 'closed', calls: 0 })
})
