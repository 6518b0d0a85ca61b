import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import OpenAI from 'openai'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { GatewayProcess } from '../support/gateway-process.ts'
import { NEVER_OPEN } from '../support/never-open.ts'
import { get, post } from '../support/post.ts'
import { completionOf, type Script, ScriptedUpstream } from '../support/scripted-upstream.ts'
import { SimulatedSetup } from '../support/simulated.ts'

const KEY = 'canary-5f0e8b7d'
const REFUSAL = {
  error: { message: 'no such voice', type: 'invalid_request_error', param: 'voice', code: 'odd' },
}
const HELLO = `data: ${JSON.stringify({ choices: [{ index: 0, delta: { content: 'hello' } }] })}\n\n`
const REST = `data: ${JSON.stringify({ choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] })}\n\ndata: [DONE]\n\n`

const answers: Script = ({ body }, response) => {
  if (body.stream !== true) {
    response.setHeader('content-type', 'application/json')
    response.end(JSON.stringify(completionOf('hello', { prompt_tokens: 1, completion_tokens: 1 })))
    return
  }
  response.writeHead(200, { 'content-type': 'text/event-stream' })
  response.end(HELLO + REST)
}

/** Misbehaves as the prompt says. */
const fails: Script = ({ body, headers }, response) => {
  const [{ content }] = body.messages as [{ content: string }]
  const [fault = '', detail, seconds] = content.split(' ')
  const error = { error: { message: `${fault}, with ${headers.authorization}`, type: 'server_error' } }
  if (fault === 'stall') return
  if (fault === 'drop') response.destroy()
  else if (fault === 'status') {
    if (seconds !== undefined) response.setHeader('retry-after', seconds)
    else if (detail === '429') response.setHeader('retry-after-ms', '1')
    response.writeHead(Number(detail), { 'content-type': 'application/json' })
    response.end(JSON.stringify(detail === '400' ? REFUSAL : error))
  } else if (fault === 'garbage') {
    response.writeHead(200, {
      'content-type': body.stream === true ? 'text/event-stream' : 'application/json',
    })
    response.end(body.stream === true ? 'data: {"choices": [{"del\n\n' : '{"choices": [{"mess')
  } else if (fault === 'error') {
    response.writeHead(200, {
      'content-type': body.stream === true ? 'text/event-stream' : 'application/json',
    })
    response.end(body.stream === true ? `data: ${JSON.stringify(error)}\n\n` : JSON.stringify(error))
  }
}

/** A port that nobody listens on. */
async function closedPort(): Promise<number> {
  const server = createServer()
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise(resolve => server.close(resolve))
  return port
}

function adapter(id: string, url: string, qualityMean: number, extra: object = {}) {
  // A belief that no test shakes: the order of the candidates is fixed.
  const quality_prior = { mean: qualityMean, strength: 1e6 }
  return {
    id,
    base_url: url,
    models: [{ name: 'model', input_usd_per_mtok: 1, output_usd_per_mtok: 2, quality_prior }],
    ...extra,
  }
}

interface PlanBody {
  readonly candidates?: readonly { readonly arm: string; readonly excluded: unknown }[]
}

interface Problem {
  readonly code: string
  readonly detail: string
  readonly attempts: readonly { readonly arm: string; readonly failure: string; readonly status?: number }[]
}

describe('a candidate that fails', () => {
  const opened: AsyncDisposable[] = []
  let gateway: GatewayProcess
  let bad: ScriptedUpstream
  let good: ScriptedUpstream

  beforeAll(async () => {
    bad = await ScriptedUpstream.start(fails)
    good = await ScriptedUpstream.start(answers)
    gateway = await GatewayProcess.start({
      config: {
        log: { level: 'trace', requests: true },
        // A failure is forgotten before the next test asks who is first.
        routing: { strategy: 'greedy', quality: 'high', reliability_half_life: '50ms' },
        breaker: NEVER_OPEN,
        upstream: { first_token_timeout: '1s', total_timeout: '2s' },
        adapters: [
          adapter('bad', bad.url, 0.9, { api_key: 'env:UP_KEY' }),
          adapter('worse', bad.url, 0.8, { api_key: 'env:UP_KEY' }),
          // A rate limit opens the circuit, however patient it is: these see nothing else.
          adapter('limited', bad.url, 0.9),
          adapter('limited-too', bad.url, 0.8),
          adapter('away', bad.url, 0.7),
          adapter('nobody', `http://127.0.0.1:${await closedPort()}/v1`, 0.7),
          adapter('good', good.url, 0.1),
        ],
      },
      env: { UP_KEY: KEY },
    })
    opened.push(bad, good, gateway)
  })

  afterAll(async () => {
    for (const resource of opened.reverse()) await resource[Symbol.asyncDispose]()
  })

  /** Waits until all of these would be asked, in this order: a rate limit closes the door for a moment. */
  async function firstIs(allow: readonly string[]): Promise<void> {
    const open = async () => {
      const { body } = await post<PlanBody>(gateway, '/v1/plan', { prompt: 'hi', allow })
      return body.candidates?.filter(({ excluded }) => excluded === null).map(({ arm }) => arm)
    }
    await expect.poll(open, { timeout: 20_000 }).toEqual(allow)
  }

  const FAULTS: Record<string, readonly [adapter: string, prompt: string]> = {
    'status 500': ['bad', 'status 500'],
    'status 401': ['bad', 'status 401'],
    'status 404': ['bad', 'status 404'],
    'a connection refused': ['nobody', 'hi'],
    'a connection dropped': ['bad', 'drop'],
    'a rate limit': ['limited', 'status 429'],
    silence: ['bad', 'stall'],
    'an answer that is not JSON': ['bad', 'garbage'],
    'an error under status 200': ['bad', 'error'],
  }

  it.each(Object.entries(FAULTS))('by %s is followed by the next one', async (_name, [failing, prompt]) => {
    const allow = [`${failing}/model`, 'good/model']
    const openAi = { model: 'auto', messages: [{ role: 'user', content: prompt }], atp: { allow } }
    await firstIs(allow)
    const whole = await post(gateway, '/v1/chat/completions', openAi)
    expect(whole).toMatchObject({ status: 200, body: { choices: [{ message: { content: 'hello' } }] } })
    await firstIs(allow)
    const streamed = await post(gateway, '/v1/chat/completions', { ...openAi, stream: true })
    expect(streamed).toMatchObject({ status: 200, text: HELLO + REST })
    for (const { headers } of [whole, streamed]) {
      expect(headers.get('x-atp-model')).toBe('good/model')
      expect(headers.get('x-atp-attempts')).toBe('2')
    }
    await firstIs(allow)
    const asked = await post(gateway, '/v1/ask', { prompt, allow })
    expect(asked).toMatchObject({ status: 200, body: { text: 'hello', model: 'good/model', attempts: 2 } })
    await firstIs(allow)
    const events = await post(gateway, '/v1/ask', { prompt, allow, stream: true })
    expect(events.text).toMatch(/^event: decision\ndata: .*"model":"good\/model","attempts":2/)
    expect(events.text).toContain('event: done')
  })

  const ALL_FAIL: Record<
    string,
    readonly [adapters: readonly string[], prompt: string, status: number, code: string, failure: string]
  > = {
    'fail with status 500': [['bad', 'worse'], 'status 500', 502, 'upstream_failed', 'failed'],
    'stay silent': [['bad', 'worse'], 'stall', 504, 'upstream_timeout', 'timeout'],
    'limit the rate': [
      ['limited', 'limited-too'],
      'status 429',
      429,
      'upstream_rate_limited',
      'rate_limited',
    ],
  }

  it.each(Object.entries(ALL_FAIL))(
    'when all %s: an error in the shape of each wire, naming what each one did',
    async (_name, [adapters, prompt, status, code, failure]) => {
      const allow = adapters.map(id => `${id}/model`)
      const attempts = allow.map(arm => ({ arm, failure }))
      const messages = [{ role: 'user', content: prompt }]
      for (const stream of [false, true]) {
        await firstIs(allow)
        const ours = await post<Problem>(gateway, '/v1/ask', { prompt, allow, stream })
        expect(ours).toMatchObject({ status, body: { status, code, attempts } })
        expect(ours.headers.get('content-type')).toContain('application/problem+json')
        for (const arm of allow) expect(ours.body.detail).toContain(`${arm}: `)
        await firstIs(allow)
        const request = { model: 'auto', messages, stream, atp: { allow } }
        const openAi = await post<{ error: { message: string } }>(gateway, '/v1/chat/completions', request)
        expect(openAi).toMatchObject({ status, body: { error: { code, attempts } } })
        for (const arm of allow) expect(openAi.body.error.message).toContain(`${arm}: `)
        const retryAfter = status === 429 ? '1' : null
        for (const { headers } of [ours, openAi]) expect(headers.get('retry-after')).toBe(retryAfter)
      }
    },
  )

  it('in another way than the others makes a 502 that names both ways', async () => {
    const { status, body } = await post<Problem>(gateway, '/v1/ask', {
      prompt: 'stall',
      allow: ['bad/model', 'nobody/model'],
    })
    expect(status).toBe(502)
    expect(body.attempts).toMatchObject([
      { arm: 'bad/model', failure: 'timeout' },
      { arm: 'nobody/model', failure: 'failed' },
    ])
  })

  it('and asks for a pause gets it: meanwhile a 503 says why nobody is asked', async () => {
    const allow = ['away/model']
    const first = await post(gateway, '/v1/ask', { prompt: 'status 429 60', allow })
    expect(first.status).toBe(429)
    expect(first.headers.get('retry-after')).toBe('60')
    const asked = bad.requests.length
    const second = await post(gateway, '/v1/ask', { prompt: 'hi', allow })
    expect(second).toMatchObject({ status: 503, body: { code: 'upstream_unavailable' } })
    expect(second.body.candidates).toContainEqual({
      arm: 'away/model',
      excluded: [{ reason: 'circuit_open', detail: expect.stringContaining('away') }],
    })
    const messages = [{ role: 'user', content: 'hi' }]
    const pinned = await post(gateway, '/v1/chat/completions', { model: 'away/model', messages })
    expect(pinned).toMatchObject({ status: 503, body: { error: { code: 'upstream_unavailable' } } })
    expect(bad.requests).toHaveLength(asked)
  })

  it('because it finds the request wrong is followed by one of another adapter, once', async () => {
    const allow = ['bad/model', 'good/model']
    await firstIs(allow)
    const taken = await post(gateway, '/v1/ask', { prompt: 'status 400', allow })
    expect(taken).toMatchObject({ status: 200, body: { model: 'good/model', attempts: 2 } })
  })

  it('as the next one does, because the request is wrong: the OpenAI client gets what the provider said', async () => {
    const openai = new OpenAI({ baseURL: `${gateway.url}/v1`, apiKey: 'unused', maxRetries: 0 })
    const before = good.requests.length
    for (const stream of [false, true]) {
      const error = await openai.chat.completions
        .create({ model: 'auto', messages: [{ role: 'user', content: 'status 400' }], stream })
        .then(
          () => null,
          (thrown: unknown) => thrown,
        )
      expect(error).toBeInstanceOf(OpenAI.BadRequestError)
      expect(error).toMatchObject({ status: 400, param: 'voice', code: 'odd', error: REFUSAL.error })
    }
    expect(good.requests).toHaveLength(before)
  })

  it('although it was asked for by name is not replaced by another', async () => {
    const before = good.requests.length
    const messages = [{ role: 'user', content: 'status 500' }]
    for (const stream of [false, true]) {
      const pinned = await post(gateway, '/v1/chat/completions', { model: 'bad/model', messages, stream })
      expect(pinned).toMatchObject({
        status: 502,
        body: { error: { attempts: [{ arm: 'bad/model', failure: 'failed', status: 500 }] } },
      })
    }
    expect(good.requests).toHaveLength(before)
  })

  it('may repeat the key that it was sent: nobody else ever sees it', async () => {
    const seen: string[] = []
    for (const prompt of ['status 500', 'status 401', 'status 400', 'error', 'garbage']) {
      for (const stream of [false, true]) {
        const messages = [{ role: 'user', content: prompt }]
        const pinned = await post(gateway, '/v1/chat/completions', { model: 'bad/model', messages, stream })
        seen.push(pinned.text, JSON.stringify([...pinned.headers]))
        seen.push((await post(gateway, '/v1/ask', { prompt, model: 'bad/model', stream })).text)
      }
    }
    for (const path of ['/metrics', '/readyz', '/healthz', '/openapi.json', '/v1/models']) {
      seen.push((await get(gateway, path)).text)
    }
    expect(bad.requests.at(-1)?.headers.authorization).toBe(`Bearer ${KEY}`)
    expect(await gateway.end()).toBe(0)
    expect(gateway.output).toContain('bad/model')
    seen.push(gateway.output)
    for (const text of seen) expect(text).not.toContain(KEY)
  })
})

describe('an adapter all of whose models fail', () => {
  it('costs no caller the answer, however many of its models stand before those of another', async () => {
    await using bad = await ScriptedUpstream.start(fails)
    await using good = await ScriptedUpstream.start(answers)
    const models = ['a', 'b', 'c', 'd'].map(name => ({
      name,
      input_usd_per_mtok: 1,
      output_usd_per_mtok: 2,
      quality_prior: { mean: 0.9, strength: 1e6 },
    }))
    await using gateway = await GatewayProcess.start({
      config: {
        routing: { strategy: 'greedy', quality: 'high' },
        breaker: NEVER_OPEN,
        adapters: [{ id: 'bad', base_url: bad.url, models }, adapter('good', good.url, 0.1)],
      },
    })
    const { status, body } = await post(gateway, '/v1/ask', { prompt: 'status 500' })
    expect(status).toBe(200)
    expect(body).toMatchObject({ model: 'good/model', attempts: 2 })
  })

  /** Judges each answer as the demo does, by the marker that the simulator leaves in it. */
  async function ask(setup: SimulatedSetup): Promise<string> {
    const { status, body } = await setup.post<{ decision_id: string; model: string; text: string }>(
      '/v1/ask',
      { prompt: `Summarise Hamlet, ${Math.random()}`, quality: 'high' },
    )
    expect(status).toBe(200)
    const quality = Number(/quality ([\d.]+)\]/.exec(body.text)?.[1])
    await setup.post('/v1/observe', { decision_id: body.decision_id, quality })
    return body.model
  }

  it('loses its traffic within 20 requests, and gets it back when it has recovered', {
    timeout: 240_000,
  }, async () => {
    const cooldownMs = 500
    await using setup = await SimulatedSetup.start({
      timeScale: 0,
      env: { ATP_BREAKER_COOLDOWN: `${cooldownMs}ms`, ATP_ROUTING_RELIABILITY_HALF_LIFE: '1s' },
    })
    const { control } = setup.provider
    const health = async () => (await get<{ status: string }>(setup.gateway, '/readyz')).body.status
    const alphaOf = async (requests: number): Promise<number> => {
      let alpha = 0
      for (let n = 0; n < requests; n++) if ((await ask(setup)).startsWith('alpha/')) alpha += 1
      return alpha
    }
    /** However long it takes: where requests are slow, failed probes have doubled the cooldown up to half a minute. */
    const alphaHasMost = async (): Promise<void> => {
      while ((await alphaOf(20)) < 15);
    }
    control.setAccount('beta', { drift: { quality_shift: -0.5 } })
    await alphaHasMost()

    control.setAccount('alpha', { error_rate: 1 })
    await alphaOf(20)
    const calls = control.stats().total.faults
    const since = performance.now()
    expect(await alphaOf(100)).toBe(0)
    // Only probes, at most one a cooldown.
    const probes = 1 + Math.floor((performance.now() - since) / cooldownMs)
    expect(control.stats().total.faults - calls).toBeLessThanOrEqual(probes)
    expect(await health()).toBe('degraded')

    control.setAccount('alpha', {})
    await alphaHasMost()
    expect(await health()).toBe('ok')
  })
})
