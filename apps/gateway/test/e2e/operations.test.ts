import { afterEach, describe, expect, it } from 'vitest'
import { seriesOf } from '../support/series.ts'
import { SimulatedSetup } from '../support/simulated.ts'

const opened: AsyncDisposable[] = []

afterEach(async () => {
  for (const resource of opened.splice(0).reverse()) await resource[Symbol.asyncDispose]()
})

async function simulated(): Promise<SimulatedSetup> {
  const setup = await SimulatedSetup.start({ timeScale: 0 })
  opened.push(setup)
  return setup
}

describe('/metrics', () => {
  it('counts requests, attempts, tokens, cost and what was learned', async () => {
    const setup = await simulated()
    const model = 'alpha/sim-mini'
    for (let times = 0; times < 5; times++) await setup.post('/v1/ask', { prompt: 'Hello?', model })
    await setup.post('/v1/ask', { prompt: '' })
    const text = await (await fetch(`${setup.gateway.url}/metrics`)).text()
    expect(seriesOf(text, 'atp_requests_total{endpoint="/v1/ask",status="2xx"}')).toBe(5)
    expect(seriesOf(text, 'atp_requests_total{endpoint="/v1/ask",status="4xx"}')).toBe(1)
    expect(seriesOf(text, `atp_attempts_total{arm="${model}",outcome="success"}`)).toBe(5)
    expect(seriesOf(text, `atp_tokens_total{arm="${model}",direction="output"}`)).toBeGreaterThan(0)
    expect(seriesOf(text, `atp_cost_usd_total{arm="${model}"}`)).toBeGreaterThan(0)
    expect(seriesOf(text, 'atp_learned_updates_total')).toBe(5)
    expect(seriesOf(text, 'atp_observation_queue')).toBe(0)
    expect(seriesOf(text, 'atp_circuit_open{adapter="alpha"}')).toBe(0)
  })

  it('grows by no series, whatever callers make up', async () => {
    const setup = await simulated()
    const scrape = async (): Promise<number> =>
      (await (await fetch(`${setup.gateway.url}/metrics`)).text())
        .split('\n')
        .filter(line => line.startsWith('atp_')).length
    const ask = (index: number) =>
      setup.post(`/v1/ask?x=${index}`, { prompt: 'Hello?', model: `made-up-${index}` })
    await ask(0)
    await scrape()
    const before = await scrape()
    for (let index = 1; index <= 300; index++) await ask(index)
    expect(await scrape()).toBe(before)
  })
})

describe('/openapi.json', () => {
  it('is OpenAPI 3.1 and names every endpoint of the README', async () => {
    const setup = await simulated()
    const document = (await (await fetch(`${setup.gateway.url}/openapi.json`)).json()) as {
      openapi: string
      paths: Record<string, unknown>
    }
    expect(document.openapi).toMatch(/^3\.1/)
    const wanted = ['/v1/chat/completions', '/v1/models', '/v1/ask', '/v1/plan', '/v1/observe', '/v1/ws']
    const probes = ['/livez', '/readyz', '/startupz', '/healthz', '/metrics']
    expect(Object.keys(document.paths)).toEqual(expect.arrayContaining([...wanted, ...probes]))
  })
})
