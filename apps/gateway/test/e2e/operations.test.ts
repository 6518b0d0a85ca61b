import { afterEach, describe, expect, it } from 'vitest'
import { GatewayProcess } from '../support/gateway-process.ts'
import { configFor, ScriptedUpstream } from '../support/scripted-upstream.ts'
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

describe('SIGTERM with a stream in flight', () => {
  async function streaming(env: Record<string, string> = {}) {
    let finish = (): void => {}
    const upstream = await ScriptedUpstream.start(async (_request, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      response.write('data: {"choices":[{"delta":{"content":"first"}}]}\n\n')
      await new Promise<void>(resolve => {
        finish = resolve
      })
      response.end('data: {"choices":[{"delta":{},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n')
    })
    opened.push(upstream)
    const gateway = await GatewayProcess.start({ config: configFor(upstream), env })
    opened.push(gateway)
    const response = await fetch(`${gateway.url}/v1/chat/completions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ model: 'auto', stream: true, messages: [{ role: 'user', content: 'hi' }] }),
    })
    const reader = (response.body as ReadableStream<Uint8Array>).getReader()
    await reader.read()
    return { gateway, reader, finish: () => finish() }
  }

  it('lets it finish, and ends with code 0', async () => {
    const { gateway, reader, finish } = await streaming()
    const metrics = await (await fetch(`${gateway.url}/metrics`)).text()
    expect(seriesOf(metrics, 'atp_streams_in_flight')).toBe(1)
    const ended = gateway.end('SIGTERM')
    finish()
    let rest = ''
    for (let next = await reader.read(); !next.done; next = await reader.read())
      rest += Buffer.from(next.value)
    expect(rest).toBe('data: {"choices":[{"delta":{},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n')
    expect(await ended).toBe(0)
  })

  it('that never ends, cuts it at the deadline and says so by the exit code', async () => {
    const { gateway } = await streaming({ ATP_SHUTDOWN_TOTAL: '600ms' })
    expect(await gateway.end('SIGTERM')).toBe(1)
    expect(gateway.output).toContain('connections were cut')
  })
})
