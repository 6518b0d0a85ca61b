import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import OpenAI from 'openai'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { GatewayProcess } from '../support/gateway-process.ts'
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
  const [fault = '', detail] = content.split(' ')
  const error = { error: { message: `${fault}, with ${headers.authorization}`, type: 'server_error' } }
  if (fault === 'stall') return
  if (fault === 'drop') response.destroy()
  else if (fault === 'status') {
    response.writeHead(Number(detail), { 'content-type': 'application/json', 'retry-after-ms': '1' })
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
        routing: { strategy: 'greedy', quality: 'high' },
        breaker: { failures: 1_000_000 },
        upstream: { first_token_timeout: '2s' },
        adapters: [
          adapter('bad', bad.url, 0.9, { api_key: 'env:UP_KEY' }),
          adapter('worse', bad.url, 0.8, { api_key: 'env:UP_KEY' }),
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

  const FAULTS: Record<string, readonly [adapter: string, prompt: string]> = {
    'status 500': ['bad', 'status 500'],
    'status 401': ['bad', 'status 401'],
    'status 404': ['bad', 'status 404'],
    'a connection refused': ['nobody', 'hi'],
    'a connection dropped': ['bad', 'drop'],
    'a rate limit': ['bad', 'status 429'],
    silence: ['bad', 'stall'],
    'an answer that is not JSON': ['bad', 'garbage'],
    'an error under status 200': ['bad', 'error'],
  }

  it.each(Object.entries(FAULTS))('by %s is followed by the next one', async (_name, [failing, prompt]) => {
    const allow = [`${failing}/model`, 'good/model']
    const openAi = { model: 'auto', messages: [{ role: 'user', content: prompt }], atp: { allow } }
    // A rate limit closes the door for a moment: the first candidate must be asked each time.
    const candidate = () =>
      expect.poll(async () => (await post(gateway, '/v1/plan', { prompt, allow })).body.model).toBe(allow[0])

    await candidate()
    const whole = await post(gateway, '/v1/chat/completions', openAi)
    expect(whole).toMatchObject({ status: 200, body: { choices: [{ message: { content: 'hello' } }] } })
    await candidate()
    const streamed = await post(gateway, '/v1/chat/completions', { ...openAi, stream: true })
    expect(streamed).toMatchObject({ status: 200, text: HELLO + REST })
    for (const { headers } of [whole, streamed]) {
      expect(headers.get('x-atp-model')).toBe('good/model')
      expect(headers.get('x-atp-attempts')).toBe('2')
    }
    await candidate()
    const asked = await post(gateway, '/v1/ask', { prompt, allow })
    expect(asked).toMatchObject({ status: 200, body: { text: 'hello', model: 'good/model', attempts: 2 } })
    await candidate()
    const events = await post(gateway, '/v1/ask', { prompt, allow, stream: true })
    expect(events.text).toMatch(/^event: decision\ndata: .*"model":"good\/model","attempts":2/)
    expect(events.text).toContain('event: done')
  })

  const ALL_FAIL: Record<string, readonly [prompt: string, status: number, code: string, failure: string]> = {
    'fail with status 500': ['status 500', 502, 'upstream_failed', 'failed'],
    'stay silent': ['stall', 504, 'upstream_timeout', 'timeout'],
    'limit the rate': ['status 429', 429, 'upstream_rate_limited', 'rate_limited'],
  }

  it.each(Object.entries(ALL_FAIL))(
    'when all %s: an error in the shape of each wire, naming what each one did',
    async (_name, [prompt, status, code, failure]) => {
      const allow = ['bad/model', 'worse/model']
      const attempts = allow.map(arm => ({ arm, failure }))
      const messages = [{ role: 'user', content: prompt }]
      for (const stream of [false, true]) {
        const ours = await post<Problem>(gateway, '/v1/ask', { prompt, allow, stream })
        expect(ours).toMatchObject({ status, body: { status, code, attempts } })
        expect(ours.headers.get('content-type')).toContain('application/problem+json')
        const openAi = { model: 'auto', messages, stream, atp: { allow } }
        await expect
          .poll(async () => (await post(gateway, '/v1/chat/completions', openAi)).body)
          .toMatchObject({ error: { code, attempts, message: expect.stringContaining('worse/model: ') } })
        for (const arm of allow) expect(ours.body.detail).toContain(`${arm}: `)
        if (status === 429) expect(ours.headers.get('retry-after')).toBe('1')
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

  it('because the request is wrong is the last: the OpenAI client gets what the provider said', async () => {
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
  const prompt = 'Summarise the plot of Hamlet in two sentences.'

  /** Judges each answer as the demo does, by the marker that the simulator leaves in it. */
  async function ask(setup: SimulatedSetup): Promise<string> {
    const { status, body } = await setup.post<{ decision_id: string; model: string; text: string }>(
      '/v1/ask',
      { prompt: `${prompt} ${Math.random()}`, quality: 'high' },
    )
    expect(status).toBe(200)
    const quality = Number(/quality ([\d.]+)\]/.exec(body.text)?.[1])
    await setup.post('/v1/observe', { decision_id: body.decision_id, quality })
    return body.model
  }

  it('loses its traffic within 20 requests, no caller suffers, and it gets it back when it recovers', async () => {
    const cooldownMs = 500
    await using setup = await SimulatedSetup.start({
      timeScale: 0,
      env: { ATP_BREAKER_COOLDOWN: `${cooldownMs}ms` },
    })
    const { control } = setup.provider
    const failures = (): number => {
      const { models } = control.stats()
      return ['sim-nano', 'sim-mini', 'sim-large'].reduce((sum, name) => sum + (models[name]?.faults ?? 0), 0)
    }
    const alphaOf = async (requests: number): Promise<number> => {
      let alpha = 0
      for (let n = 0; n < requests; n++) if ((await ask(setup)).startsWith('alpha/')) alpha += 1
      return alpha
    }
    expect(await alphaOf(60)).toBeGreaterThan(0)

    control.setAccount('alpha', { error_rate: 1 })
    expect(await alphaOf(20)).toBe(0)
    const calls = failures()
    const since = performance.now()
    expect(await alphaOf(100)).toBe(0)
    // Only probes, at most one a cooldown.
    const probes = 1 + Math.floor((performance.now() - since) / cooldownMs)
    expect(failures() - calls).toBeLessThanOrEqual(probes)
    expect((await get<{ status: string }>(setup.gateway, '/readyz')).body.status).toBe('degraded')

    control.setAccount('alpha', {})
    await expect.poll(() => alphaOf(20), { timeout: 50_000 }).toBeGreaterThanOrEqual(5)
    expect((await get<{ status: string }>(setup.gateway, '/readyz')).body.status).toBe('ok')
  })
})
