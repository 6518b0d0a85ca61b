import { afterEach, describe, expect, it } from 'vitest'
import { GatewayProcess } from '../support/gateway-process.ts'
import { completionOf, configFor, type Script, ScriptedUpstream } from '../support/scripted-upstream.ts'
import { SimulatedSetup } from '../support/simulated.ts'

const opened: AsyncDisposable[] = []

afterEach(async () => {
  for (const resource of opened.splice(0).reverse()) await resource[Symbol.asyncDispose]()
})

const healthy: Script = (request, response) => {
  if (request.body.stream !== true) {
    response.setHeader('content-type', 'application/json')
    response.end(JSON.stringify(completionOf('well', { prompt_tokens: 1, completion_tokens: 1 })))
    return
  }
  response.writeHead(200, { 'content-type': 'text/event-stream' })
  response.end('data: {"choices":[{"delta":{"content":"well"},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n')
}

/** A gateway before a failing upstream, which every request tries first, and a healthy one. */
async function gatewayBefore(failing: Script | null, env: Record<string, string> = {}) {
  const good = await ScriptedUpstream.start(healthy)
  opened.push(good)
  const bad = failing === null ? null : await ScriptedUpstream.start(failing)
  if (bad !== null) opened.push(bad)
  const badUrl = bad?.url ?? 'http://127.0.0.1:9/v1'
  const [first] = configFor({ url: badUrl }).adapters
  const [second] = configFor({ url: good.url }).adapters
  const preferred = { mean: 0.99, strength: 100_000 }
  const config = {
    routing: { strategy: 'greedy' },
    upstream: { first_token_timeout: '300ms', total_timeout: '5s', connect_timeout: '1s' },
    adapters: [
      { ...first, id: 'bad', models: first?.models.map(model => ({ ...model, quality_prior: preferred })) },
      { ...second, id: 'good' },
    ],
  }
  const gateway = await GatewayProcess.start({ config, env })
  opened.push(gateway)
  return { gateway, good, bad }
}

function ask(gateway: GatewayProcess, extra: object = {}): Promise<Response> {
  return fetch(`${gateway.url}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ model: 'auto', messages: [{ role: 'user', content: 'hi' }], ...extra }),
  })
}

const FAULTS: Record<string, Script | null> = {
  'a refused connection': null,
  'a 500': (_request, response) => {
    response.writeHead(500).end('{}')
  },
  'a 429': (_request, response) => {
    response.writeHead(429, { 'retry-after': '1' }).end('{}')
  },
  'a stall': () => {},
  'a body that makes no sense': (_request, response) => {
    response.writeHead(200, { 'content-type': 'application/json' }).end('<html>')
  },
}

describe('a fallback', () => {
  it.each(Object.entries(FAULTS))('follows %s, whole and streamed', async (_name, fault) => {
    const { gateway } = await gatewayBefore(fault)
    for (const stream of [false, true]) {
      const response = await ask(gateway, { stream })
      expect(response.status).toBe(200)
      expect(response.headers.get('x-atp-model')).toBe('good/model')
      // Who asked for a pause is left alone from the second request on.
      if (!stream) expect(response.headers.get('x-atp-attempts')).toBe('2')
      expect(await response.text()).toContain('well')
    }
  })

  it('follows a stream whose first event is an error', async () => {
    const { gateway } = await gatewayBefore((_request, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      response.end('data: {"error":{"message":"overloaded"}}\n\n')
    })
    const response = await ask(gateway, { stream: true })
    expect(await response.text()).toContain('well')
    expect(response.headers.get('x-atp-model')).toBe('good/model')
  })

  it('does not follow a request that the provider finds wrong: its own words reach the client', async () => {
    const refusal = {
      error: { message: 'no such parameter', type: 'invalid_request_error', param: 'x', code: null },
    }
    const { gateway, good } = await gatewayBefore((_request, response) => {
      response.writeHead(400, { 'content-type': 'application/json' }).end(JSON.stringify(refusal))
    })
    const response = await ask(gateway)
    expect(response.status).toBe(400)
    expect(await response.json()).toEqual(refusal)
    expect(good.requests).toHaveLength(0)
  })

  it('does not follow a model that the client named', async () => {
    const { gateway, good } = await gatewayBefore(FAULTS['a 500'] as Script)
    const response = await ask(gateway, { model: 'bad/model' })
    expect(response.status).toBe(502)
    expect(await response.json()).toMatchObject({
      error: { code: 'upstream_failed', attempts: [{ arm: 'bad/model', failure: 'failed', status: 500 }] },
    })
    expect(good.requests).toHaveLength(0)
  })

  it('that nobody can give says what each model did: 429 with Retry-After where all are rate-limited', async () => {
    const { gateway } = await gatewayBefore(FAULTS['a 429'] as Script)
    const response = await ask(gateway, { model: 'bad/model' })
    expect(response.status).toBe(429)
    expect(response.headers.get('retry-after')).toBe('1')
    expect(await response.json()).toMatchObject({
      error: { type: 'rate_limit_error', code: 'upstream_rate_limited' },
    })
  })
})

describe('a failing adapter', () => {
  it('loses its traffic within 20 requests and gets it back after recovery', async () => {
    let broken = true
    const { gateway, bad } = await gatewayBefore(
      (request, response) => {
        if (broken) response.writeHead(500).end('{}')
        else return healthy(request, response)
      },
      { ATP_BREAKER_COOLDOWN: '300ms', ATP_ROUTING_HALF_LIFE: 'never' },
    )
    for (let times = 0; times < 20; times++) expect((await ask(gateway)).status).toBe(200)
    const tried = bad?.requests.length as number
    expect(tried).toBeLessThan(20)
    const answers = await Promise.all(Array.from({ length: 30 }, () => ask(gateway)))
    expect(answers.filter(answer => answer.headers.get('x-atp-attempts') !== '1').length).toBeLessThanOrEqual(
      1,
    )
    expect(await (await fetch(`${gateway.url}/readyz`)).json()).toMatchObject({
      status: 'degraded',
      checks: { adapters: { status: 'degraded', detail: expect.stringContaining('bad') } },
    })
    broken = false
    let back = false
    while (!back) back = (await ask(gateway)).headers.get('x-atp-model') === 'bad/model'
    const after = await Promise.all(Array.from({ length: 20 }, () => ask(gateway)))
    expect(after.filter(answer => answer.headers.get('x-atp-model') === 'bad/model').length).toBe(20)
  })
})

describe('learning through the gateway', () => {
  it.each(['thompson', 'ucb'])(
    'moves the traffic to the best model, and on when it falls behind: %s',
    async strategy => {
      const setup = await SimulatedSetup.start({
        timeScale: 0,
        env: { ATP_ROUTING_HALF_LIFE: '2s', ATP_ROUTING_UCB_EXPLORATION: '0.3' },
      })
      opened.push(setup)
      const truth: Record<string, number> = { 'alpha/sim-mini': 0.9 }
      const request = { prompt: 'Hello?', strategy, quality: { quality: 1, cost: 0, latency: 0 } }
      const shareOf = async (arm: string): Promise<number> => {
        let hits = 0
        for (let times = 0; times < 60; times++) {
          const { body } = await setup.post<{ model: string; decision_id: string }>('/v1/ask', request)
          if (body.model === arm) hits += 1
          const quality = truth[body.model] ?? 0.2
          await setup.post('/v1/observe', { decision_id: body.decision_id, quality })
        }
        return hits / 60
      }
      // Each waits for a condition: a hang is found by the test's own deadline.
      while ((await shareOf('alpha/sim-mini')) < 0.6);
      truth['alpha/sim-mini'] = 0.1
      truth['beta/sim-chat'] = 0.9
      while ((await shareOf('beta/sim-chat')) < 0.6);
    },
  )
})
