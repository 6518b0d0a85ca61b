/** `/v1/ws` from outside: the same answers as over HTTP, many at a time, and nothing left behind. */
import { once } from 'node:events'
import { connect } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { AskClient, addressOf, refusal } from '../support/ask-client.ts'
import { GatewayProcess } from '../support/gateway-process.ts'
import { call, freshKey, KeyedGateway } from '../support/keyed-gateway.ts'
import { get, post } from '../support/post.ts'
import { completionOf, configFor, type Script, ScriptedUpstream } from '../support/scripted-upstream.ts'
import { SimulatedSetup } from '../support/simulated.ts'

const opened: AsyncDisposable[] = []

afterEach(async () => {
  for (const each of opened.splice(0).reverse()) await each[Symbol.asyncDispose]()
})

function opens<Resource extends AsyncDisposable>(resource: Resource): Resource {
  opened.push(resource)
  return resource
}

const bearer = (key: string) => ({ headers: { authorization: `Bearer ${key}` } })

async function connected(...of: Parameters<typeof AskClient.connect>): Promise<AskClient> {
  return opens(await AskClient.connect(...of))
}

/** Answers a prompt `hold...` with its beginning, and the rest when the test says so. */
function holding() {
  const state = { held: 0, hungUp: 0, finish: (): void => undefined }
  const finished = new Promise<void>(resolve => {
    state.finish = resolve
  })
  const script: Script = async ({ body, hungUp }, response) => {
    const [{ content }] = body.messages as [{ content: string }]
    if (content.startsWith('hold')) {
      state.held += 1
      void hungUp.then(() => {
        state.hungUp += 1
      })
    }
    if (body.stream !== true) {
      if (content.startsWith('hold')) await finished
      response.setHeader('content-type', 'application/json')
      response.end(JSON.stringify(completionOf('Hello.', { prompt_tokens: 10, completion_tokens: 5 })))
      return
    }
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    response.write('data: {"choices":[{"delta":{"content":"Hel"}}]}\n\n')
    if (content.startsWith('hold')) await finished
    response.end(
      'data: {"choices":[{"delta":{"content":"lo."},"finish_reason":"stop"}]}\n\n' +
        'data: {"choices":[],"usage":{"prompt_tokens":10,"completion_tokens":5,"total_tokens":15}}\n\ndata: [DONE]\n\n',
    )
  }
  return { script, state }
}

describe('an ask over a WebSocket', () => {
  it('is answered as over HTTP: text, usage, cost, decision; as a stream, too', async () => {
    const setup = opens(await SimulatedSetup.start({ timeScale: 0 }))
    const client = await connected(setup.gateway)
    const question = { prompt: 'What is 17 * 23?', model: 'alpha/sim-mini' }
    const { body } = await post(setup.gateway, '/v1/ask', question)
    const { type, id, ...answer } = await client.ask('whole', question)
    expect({ type, id }).toEqual({ type: 'answer', id: 'whole' })
    const own = { decision_id: expect.any(String), latency_ms: expect.any(Number) }
    expect(answer).toEqual({ ...body, ...own })

    const done = await client.ask('streamed', { ...question, stream: true })
    expect(done).toEqual({
      ...body,
      ...own,
      type: 'done',
      id: 'streamed',
      text: undefined,
      time_to_first_token_ms: expect.any(Number),
    })
    expect(client.frames.find(({ type }) => type === 'decision')).toEqual({
      type: 'decision',
      id: 'streamed',
      decision_id: done.decision_id,
      model: question.model,
      attempts: 1,
    })
    expect(client.text('streamed')).toBe(body.text)

    for (const { decision_id } of [answer, done]) {
      expect((await post(setup.gateway, '/v1/observe', { decision_id, quality: 1 })).status).toBe(202)
    }
    const { text } = await get(setup.gateway, '/metrics')
    expect(text).toContain('atp_requests_total{endpoint="/v1/ws",status="2xx"} 2')
    expect(text).toContain('atp_attempts_total{arm="alpha/sim-mini",outcome="success"} 3')
    expect(text).toContain('atp_websockets_open 1')
    expect(text).toContain('atp_websocket_frames_total{direction="received"} 2')
  })

  it('runs beside others on the same socket, each under its own id', async () => {
    const { script, state } = holding()
    const upstream = opens(await ScriptedUpstream.start(script))
    const gateway = opens(await GatewayProcess.start({ config: configFor(upstream) }))
    const client = await connected(gateway)
    for (const id of ['slow', 'slower']) client.send({ type: 'ask', id, prompt: 'hold', stream: true })
    await client.next(({ id, type }) => id === 'slower' && type === 'text')
    expect(await client.ask('quick')).toMatchObject({ type: 'answer', text: 'Hello.' })
    expect(client.frames.filter(({ type }) => type === 'done')).toEqual([])
    state.finish()
    for (const id of ['slow', 'slower']) {
      expect(await client.last(id)).toMatchObject({ type: 'done', usage: { output_tokens: 5 } })
      expect(client.text(id)).toBe('Hello.')
    }
  })

  it('works with the WebSocket that Node itself has', async () => {
    const gateway = opens(await KeyedGateway.start())
    const { key } = await gateway.tenant('acme')
    const socket = new WebSocket(addressOf(gateway), bearer(key) as unknown as string[])
    await once(socket, 'open')
    socket.send(JSON.stringify({ type: 'ask', id: '1', prompt: 'Hello?' }))
    const [{ data }] = (await once(socket, 'message')) as [MessageEvent]
    expect(JSON.parse(data)).toMatchObject({ type: 'answer', id: '1', text: 'Hello.' })
    socket.close()
    await once(socket, 'close')
  })
})

describe('a request that nobody wants any more', () => {
  const lanes = { limits: [{ id: 'lanes', scope: 'tenant', counts: 'concurrent', per: null, amount: 1 }] }

  it.each([true, false])(
    'is cancelled upstream, says so, and leaves no reservation; stream: %s',
    async stream => {
      const { script, state } = holding()
      const gateway = opens(await KeyedGateway.start({ script }))
      const { key } = await gateway.tenant('acme', lanes)
      const client = await connected(gateway, bearer(key))
      client.send({ type: 'ask', id: 'a', prompt: 'hold', stream })
      await expect.poll(() => state.held).toBe(1)
      if (stream) await client.next(({ type }) => type === 'text')
      expect(await client.ask('b')).toMatchObject({
        problem: { status: 429, code: 'rate_limit_exceeded', limit: { level: 'lanes' } },
        headers: { ratelimit: expect.stringContaining('"tenant/lanes"') },
      })
      client.send({ type: 'cancel', id: 'nobody' })
      client.send({ type: 'cancel', id: 'a' })
      expect(await client.last('a')).toMatchObject({
        type: 'error',
        problem: { status: 499, code: 'client_closed_request' },
      })
      await expect.poll(() => state.hungUp).toBe(1)
      expect(await client.ask('c')).toMatchObject({ type: 'answer' })
    },
  )

  it.each([true, false])(
    'because its client is gone is cancelled upstream, and leaves no reservation; stream: %s',
    async stream => {
      const { script, state } = holding()
      const gateway = opens(await KeyedGateway.start({ script }))
      const { key } = await gateway.tenant('acme', lanes)
      const client = await connected(gateway, bearer(key))
      client.send({ type: 'ask', id: 'a', prompt: 'hold', stream })
      await expect.poll(() => state.held).toBe(1)
      client.socket.terminate()
      await expect.poll(() => state.hungUp).toBe(1)
      await expect.poll(async () => (await gateway.ask(key)).status).toBe(200)
      const { text } = await call(gateway, 'GET /metrics', { key: null })
      expect(text).toMatch(/atp_attempts_total\{arm="up\/\w+",outcome="cancelled"\} 1/)
      expect(text).toContain('atp_websockets_open 0')
      expect(text).toContain('atp_websocket_closes_total{code="1006"} 1')
    },
  )
})

describe('a client that is slow to read', () => {
  const BYTES = 64 * 1024
  const CHUNK = `data: {"choices":[{"delta":{"content":"${'x'.repeat(BYTES)}"}}]}\n\n`

  /** Writes as fast as it is read, without an end. */
  function torrent() {
    const state = { chunks: 0, hungUp: false }
    const script: Script = async ({ hungUp }, response) => {
      void hungUp.then(() => {
        state.hungUp = true
      })
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      while (!response.destroyed) {
        state.chunks += 1
        if (response.write(CHUNK)) await new Promise(resolve => setImmediate(resolve))
        else await Promise.race([once(response, 'drain'), hungUp])
      }
    }
    return { script, state }
  }

  async function slowClient(env: Record<string, string>) {
    const { script, state } = torrent()
    const upstream = opens(await ScriptedUpstream.start(script))
    const gateway = opens(await GatewayProcess.start({ config: configFor(upstream), env }))
    const client = await connected(gateway)
    client.send({ type: 'ask', id: 'a', prompt: 'Hello?', stream: true })
    await client.next(({ type }) => type === 'text')
    client.socket.pause()
    return { client, gateway, state }
  }

  it('slows its model down, and nobody else', async () => {
    const { client, gateway, state } = await slowClient({ ATP_WEBSOCKET_BUFFER_BYTES: String(BYTES) })
    let before = -1
    const isStill = () => {
      const stands = before === state.chunks
      before = state.chunks
      return stands
    }
    await expect.poll(isStill, { interval: 500 }).toBe(true)
    expect((await get(gateway, '/livez')).status).toBe(200)
    client.socket.resume()
    await expect.poll(() => state.chunks).toBeGreaterThan(before)
  })

  it('for too long is closed with 1013, and its model is asked no more', async () => {
    const env = { ATP_WEBSOCKET_BUFFER_BYTES: String(BYTES), ATP_SERVER_WRITE_TIMEOUT: '300ms' }
    const { client, state } = await slowClient(env)
    await expect.poll(() => state.hungUp).toBe(true)
    client.socket.resume()
    expect((await client.closed).code).toBe(1013)
  })
})

describe('the door', () => {
  it('opens to a data key in either header, and to nobody else', async () => {
    const gateway = opens(await KeyedGateway.start())
    const { key } = await gateway.tenant('acme')
    for (const headers of [bearer(key).headers, { 'x-api-key': key }]) {
      const client = await connected(gateway, { headers })
      expect(await client.ask('1')).toMatchObject({ type: 'answer' })
    }
    expect(await refusal(gateway)).toEqual({ status: 401, code: 'invalid_api_key' })
    expect(await refusal(gateway, bearer(freshKey()))).toEqual({ status: 401, code: 'invalid_api_key' })
    expect(await refusal(gateway, bearer(gateway.adminKey))).toEqual({ status: 403, code: 'forbidden' })
    await gateway.expectNoKeyShown()
  })

  it('closes behind a key that is revoked: at the next request, when what was under way has ended', async () => {
    const { script, state } = holding()
    const gateway = opens(await KeyedGateway.start({ script }))
    const { id, key } = await gateway.tenant('acme')
    const client = await connected(gateway, bearer(key))
    client.send({ type: 'ask', id: 'before', prompt: 'hold', stream: true })
    await client.next(({ type }) => type === 'text')
    expect((await gateway.admin(`POST /admin/v1/keys/${id}/revoke`)).status).toBe(200)
    for (const late of ['after', 'after that']) {
      expect(await client.ask(late)).toMatchObject({ problem: { status: 401, code: 'invalid_api_key' } })
    }
    state.finish()
    expect(await client.last('before')).toMatchObject({ type: 'done' })
    expect((await client.closed).code).toBe(1008)
  })

  it('closes behind a key that expires', async () => {
    const gateway = opens(await KeyedGateway.start())
    await gateway.tenant('acme')
    const { key } = await gateway.key({
      tenant: 'acme',
      scope: 'data',
      expires_at: new Date(Date.now() + 6_000).toISOString(),
    })
    const client = await connected(gateway, bearer(key))
    let n = 0
    const next = async () => {
      n += 1
      return (await client.ask(String(n))).problem?.code
    }
    await expect.poll(next).toBe('invalid_api_key')
    expect((await client.closed).code).toBe(1008)
  })

  it('is closed to the pages of other sites, and open to its own', async () => {
    const gateway = opens(await GatewayProcess.start())
    const origin = 'https://evil.example'
    expect(await refusal(gateway, { origin })).toEqual({ status: 403, code: 'forbidden' })
    expect(await refusal(gateway, { origin: 'null' })).toEqual({ status: 403, code: 'forbidden' })
    await connected(gateway, { origin: gateway.url })
  })

  it('says what it is to a client that does not upgrade, and leaves other upgrades alone', async () => {
    const upstream = opens(await ScriptedUpstream.start(holding().script))
    const gateway = opens(await GatewayProcess.start({ config: configFor(upstream) }))
    const plain = await get(gateway, '/v1/ws')
    expect(plain).toMatchObject({ status: 426, body: { code: 'upgrade_required' } })
    expect(plain.headers.get('upgrade')).toBe('websocket')
    const { hostname, port } = new URL(gateway.url)
    const socket = connect(Number(port), hostname)
    const body = '{"prompt": "Hi"}'
    const upgrade = 'connection: upgrade, http2-settings\r\nupgrade: h2c\r\nhttp2-settings: AAMAAABkAAQ'
    const head = `content-type: application/json\r\ncontent-length: ${body.length}`
    socket.write(`POST /v1/ask HTTP/1.1\r\nhost: x\r\n${upgrade}\r\n${head}\r\n\r\n${body}`)
    const [bytes] = await once(socket, 'data')
    expect(String(bytes)).toMatch(/^HTTP\/1.1 200 OK/)
    socket.destroy()
  })
})

describe('SIGTERM', () => {
  it('lets what is under way on a socket finish, then closes it with 1001', async () => {
    const { script, state } = holding()
    const upstream = opens(await ScriptedUpstream.start(script))
    const gateway = opens(await GatewayProcess.start({ config: configFor(upstream) }))
    const client = await connected(gateway)
    const idle = await connected(gateway)
    client.send({ type: 'ask', id: 'a', prompt: 'hold', stream: true })
    await client.next(({ type }) => type === 'text')
    const ended = gateway.end('SIGTERM')
    expect((await idle.closed).code).toBe(1001)
    expect(await client.ask('late')).toMatchObject({ problem: { status: 503, code: 'shutting_down' } })
    state.finish()
    expect(await client.last('a')).toMatchObject({ type: 'done' })
    expect(client.text('a')).toBe('Hello.')
    expect((await client.closed).code).toBe(1001)
    expect(await ended).toBe(0)
  })

  it('that cannot wait for a stream without end says so, closes its socket with 1001, and cuts one that ignores the close', async () => {
    const { script } = holding()
    const upstream = opens(await ScriptedUpstream.start(script))
    const env = { ATP_SHUTDOWN_TOTAL: '2s' }
    const gateway = opens(await GatewayProcess.start({ config: configFor(upstream), env }))
    const client = await connected(gateway)
    const deaf = await connected(gateway)
    deaf.socket.pause()
    client.send({ type: 'ask', id: 'a', prompt: 'hold', stream: true })
    await client.next(({ type }) => type === 'text')
    expect(await gateway.end('SIGTERM')).not.toBe(0)
    expect(await client.last('a')).toMatchObject({ problem: { status: 503, code: 'shutting_down' } })
    expect((await client.closed).code).toBe(1001)
    expect(gateway.output).toMatch(/"websocket req-\w+ of default"/)
    deaf.socket.resume()
    expect((await deaf.closed).code).toBe(1001)
  })
})
