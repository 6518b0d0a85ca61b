/** SIGTERM where everything can end by itself: nobody notices. */
import { once } from 'node:events'
import { connect } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { Agent, request, WebSocket } from 'undici'
import { afterEach, expect, it } from 'vitest'
import { GatewayProcess } from '../support/gateway-process.ts'
import { get, post } from '../support/post.ts'
import { completionOf, configFor, ScriptedUpstream } from '../support/scripted-upstream.ts'
import { partsOf, startSlowUpstream } from '../support/streaming-upstream.ts'

const FULL = process.env.ATP_VERIFY === 'full'
const STREAMS = 200
const PARTS = 10
const LASTS_MS = FULL ? 5_000 : 1_000
/** As it comes, where the streams last as long as is promised; otherwise a hang is all that it detects. */
const TOTAL = FULL ? '30s' : '300s'
const patience = { timeout: 60_000 }

const opened: AsyncDisposable[] = []

afterEach(async () => {
  for (const resource of opened.splice(0).reverse()) await resource[Symbol.asyncDispose]()
})

async function gatewayBefore(upstream: ScriptedUpstream, env: Record<string, string> = {}) {
  opened.push(upstream)
  const gateway = await GatewayProcess.start({ config: configFor(upstream), env })
  opened.push(gateway)
  return gateway
}

const answering = () =>
  ScriptedUpstream.start((_request, response) => {
    response.setHeader('content-type', 'application/json')
    response.end(JSON.stringify(completionOf('hello', { prompt_tokens: 1, completion_tokens: 1 })))
  })

function openStream({ url }: GatewayProcess, prompt: string): Promise<Response> {
  return fetch(`${url}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ model: 'auto', stream: true, messages: [{ role: 'user', content: prompt }] }),
  })
}

it(`with ${STREAMS} open streams lets all of them finish, byte by byte, and ends with code 0`, async () => {
  const stop = Promise.withResolvers<void>()
  const upstream = await startSlowUpstream(LASTS_MS, PARTS, stop.promise)
  const gateway = await gatewayBefore(upstream, { ATP_SHUTDOWN_TOTAL: TOTAL })
  const prompts = Array.from({ length: STREAMS }, (_, index) => `stream ${index}`)
  const answers = await Promise.all(prompts.map(prompt => openStream(gateway, prompt)))
  expect((await get(gateway, '/metrics')).text).toContain(`atp_streams_in_flight ${STREAMS}`)
  const ended = gateway.end('SIGTERM')
  await expect.poll(() => gateway.output, patience).toContain(`"open":${STREAMS},`)
  stop.resolve()
  const texts = await Promise.all(answers.map(answer => answer.text()))
  expect(texts).toEqual(prompts.map(prompt => partsOf(prompt, PARTS).join('')))
  expect(await ended).toBe(0)
  expect(gateway.output).toMatch(/"unfinished":0,"msg":"stopped"/)
})

it('with an answer under way that is no stream lets it finish, too', async () => {
  const release = Promise.withResolvers<void>()
  const upstream = await ScriptedUpstream.start(async (_request, response) => {
    await release.promise
    response.setHeader('content-type', 'application/json')
    response.end(JSON.stringify(completionOf('hello', { prompt_tokens: 1, completion_tokens: 1 })))
  })
  const gateway = await gatewayBefore(upstream)
  const answer = post<{ text: string }>(gateway, '/v1/ask', { prompt: 'hi' })
  await expect.poll(() => upstream.requests.length, patience).toBe(1)
  const ended = gateway.end('SIGTERM')
  await expect.poll(() => gateway.output, patience).toContain('the stop has begun')
  release.resolve()
  expect((await answer).body.text).toBe('hello')
  expect(await ended).toBe(0)
})

it('turns unready before its doors close, and loses no request that came until then', async () => {
  const gateway = await gatewayBefore(await answering(), { ATP_SHUTDOWN_LAG: '5s' })
  const failures: unknown[] = []
  const statuses = new Set<number>()
  let answered = 0
  let isReady = true
  /** As behind a load balancer: sends as long as the gateway calls itself ready. */
  const client = async () => {
    while (isReady) {
      const { status } = await post(gateway, '/v1/ask', { prompt: 'hi' })
      statuses.add(status)
      answered += 1
    }
  }
  const clients = Promise.all(Array.from({ length: 8 }, () => client().catch(error => failures.push(error))))
  await expect.poll(() => answered, patience).toBeGreaterThan(50)
  const ended = gateway.end('SIGTERM')
  while ((await get(gateway, '/readyz')).status === 200) await delay(5)
  const report = (await get(gateway, '/readyz')).text
  expect(report).toContain('shutting down')
  // The load balancer has not looked yet.
  const late = await fetch(`${gateway.url}/v1/ask`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: '{"prompt": "late"}',
  })
  expect([late.status, late.headers.get('connection')]).toEqual([200, 'close'])
  expect((await get(gateway, '/livez')).status).toBe(200)
  isReady = false
  await clients
  expect(failures).toEqual([])
  expect([...statuses]).toEqual([200])
  expect(await ended).toBe(0)
  await expect(fetch(`${gateway.url}/livez`)).rejects.toThrow()
})

it('has a keep-alive connection that is busy answered to its end, and then closed', async () => {
  const gateway = await gatewayBefore(await startSlowUpstream(500, 2))
  const agent = new Agent({ connections: 1, keepAliveTimeout: 600_000 })
  const body = JSON.stringify({ model: 'auto', stream: true, messages: [{ role: 'user', content: 'hi' }] })
  const headers = { 'content-type': 'application/json' }
  const answer = await request(`${gateway.url}/v1/chat/completions`, {
    method: 'POST',
    headers,
    body,
    dispatcher: agent,
  })
  const ended = gateway.end('SIGTERM')
  expect(await answer.body.text()).toBe(partsOf('hi', 2).join(''))
  expect(await ended).toBe(0)
  await agent.destroy()
})

it('answers what comes over a connection that is still busy', async () => {
  const stop = Promise.withResolvers<void>()
  const gateway = await gatewayBefore(await startSlowUpstream(100, 2, stop.promise))
  const { hostname, port } = new URL(gateway.url)
  const socket = connect(Number(port), hostname)
  let received = ''
  socket.on('data', data => {
    received += data
  })
  const body = JSON.stringify({ model: 'auto', stream: true, messages: [{ role: 'user', content: 'hi' }] })
  socket.write(
    `POST /v1/chat/completions HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
  )
  await expect.poll(() => received, patience).toContain('part 0')
  const ended = gateway.end('SIGTERM')
  await expect.poll(() => gateway.output, patience).toContain('"phase":"lag"')
  socket.write('GET /v1/models HTTP/1.1\r\nHost: a\r\n\r\n')
  stop.resolve()
  await once(socket, 'close')
  expect(received).toContain('data: [DONE]')
  expect(received).toMatch(/HTTP\/1\.1 200 OK\r\n(?:[^\r]+\r\n)*connection: close\r\n.*"object":"list"/s)
  expect(await ended).toBe(0)
})

it('closes a websocket on which nothing is under way with 1001', async () => {
  const gateway = await gatewayBefore(await answering())
  const socket = new WebSocket(`${gateway.url.replace('http', 'ws')}/v1/ws`)
  await new Promise(resolve => socket.addEventListener('open', resolve))
  const closed = new Promise<number>(resolve => socket.addEventListener('close', ({ code }) => resolve(code)))
  expect(await gateway.end('SIGTERM')).toBe(0)
  expect(await closed).toBe(1001)
})
