/** SIGTERM where something does not end by itself: the process ends in time all the same, and says what it left behind. */
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { redisForTests, startPostgres, startRedis } from '@atp/test-services'
import pg from 'pg'
import { afterAll, afterEach, describe, expect, it } from 'vitest'
import { GatewayProcess } from '../support/gateway-process.ts'
import { freshKey, KeyedGateway } from '../support/keyed-gateway.ts'
import { get, post } from '../support/post.ts'
import { completionOf, configFor, ScriptedUpstream } from '../support/scripted-upstream.ts'
import { endless, startEndlessUpstream } from '../support/streaming-upstream.ts'

/** What is asked to end has five seconds to do so. */
const PATIENT = { ATP_SHUTDOWN_TOTAL: '60s', ATP_SHUTDOWN_STREAMS: '500ms' }
/** Half a second. */
const SHORT = { ATP_SHUTDOWN_TOTAL: '5s', ATP_SHUTDOWN_STREAMS: '500ms' }
/** Ten times the short total: it detects a hang. */
const DEADLINE_MS = 50_000
const HANGING_SNAPSHOTS = pathToFileURL(join(import.meta.dirname, '../support/hanging-snapshots.ts')).href

const opened: AsyncDisposable[] = []

afterEach(async () => {
  for (const resource of opened.splice(0).reverse()) await resource[Symbol.asyncDispose]()
})

function directory(): string {
  const dir = mkdtempSync(join(tmpdir(), 'atp-forced-stop-'))
  opened.push({ [Symbol.asyncDispose]: async () => rmSync(dir, { recursive: true, force: true }) })
  return dir
}

async function gatewayBefore(
  upstream: ScriptedUpstream,
  env: Record<string, string>,
  dataDir = directory(),
): Promise<GatewayProcess> {
  opened.push(upstream)
  const gateway = await GatewayProcess.start({ config: configFor(upstream), env, dataDir })
  opened.push(gateway)
  return gateway
}

async function openStream({ url }: GatewayProcess, path: string, body: object) {
  const response = await fetch(url + path, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ ...body, stream: true }),
  })
  const reader = (response.body as ReadableStream<Uint8Array>).getReader()
  await reader.read()
  return async () => {
    let rest = ''
    for (let next = await reader.read(); !next.done; next = await reader.read())
      rest += Buffer.from(next.value)
    return rest
  }
}

const CHAT = { model: 'auto', messages: [{ role: 'user', content: 'hi' }] }

/** A client of the WebSocket protocol that never answers a close. */
async function deafSocket({ url }: GatewayProcess): Promise<AsyncDisposable> {
  const { hostname, port } = new URL(url)
  const socket = connect(Number(port), hostname)
  socket.on('error', () => {})
  socket.write(
    `GET /v1/ws HTTP/1.1\r\nHost: ${hostname}:${port}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
      'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n',
  )
  const [head] = (await once(socket, 'data')) as [Buffer]
  expect(head.toString()).toContain('101 Switching Protocols')
  return { [Symbol.asyncDispose]: async () => void socket.destroy() }
}

const lost = (phase: string, name: string, fate: string) =>
  expect.stringMatching(new RegExp(`"phase":"${phase}","name":"${name}[^"]*","fate":"${fate}"`))

describe('SIGTERM', () => {
  it(
    'with streams that never end tells each client in its own wire format, settles them, and ends with code 1',
    async () => {
      const dataDir = directory()
      const gateway = await gatewayBefore(await startEndlessUpstream(), PATIENT, dataDir)
      const [chat, ask] = [
        await openStream(gateway, '/v1/chat/completions', CHAT),
        await openStream(gateway, '/v1/ask', { prompt: 'hi' }),
      ]
      const ended = gateway.end('SIGTERM')
      expect(await chat()).toMatch(
        /data: \{"error":\{"message":"the gateway is shutting down",.*"code":"shutting_down".*\}\}\n\n$/,
      )
      expect(await ask()).toMatch(/event: error\ndata: \{.*"code":"shutting_down".*\}\n\n$/)
      expect(await ended).toBe(1)
      expect(gateway.output).toEqual(lost('streams', 'POST /v1/chat/completions', 'ended'))
      expect(gateway.output).toEqual(lost('streams', 'POST /v1/ask', 'ended'))
      const again = await gatewayBefore(await startEndlessUpstream(), {}, dataDir)
      await expect.poll(() => again.output, { timeout: DEADLINE_MS }).toContain('"sequence":2')
      // Nor is it the model's fault.
      const plan = await post<{ candidates: { estimate: { reliability: number } }[] }>(again, '/v1/plan', {
        prompt: 'hi',
      })
      expect(plan.body.candidates[0]?.estimate.reliability).toBe(1)
    },
    DEADLINE_MS,
  )

  it(
    'with an answer that never comes says 503 in place of it',
    async () => {
      const upstream = await ScriptedUpstream.start(() => {})
      const gateway = await gatewayBefore(upstream, PATIENT)
      const answer = post<{ error: { code: string } }>(gateway, '/v1/chat/completions', CHAT)
      await expect.poll(() => upstream.requests.length, { timeout: DEADLINE_MS }).toBe(1)
      const ended = gateway.end('SIGTERM')
      expect(await answer).toMatchObject({ status: 503, body: { error: { code: 'shutting_down' } } })
      expect(await ended).toBe(1)
    },
    DEADLINE_MS,
  )

  it(
    'with a stream, a socket and a component that never end ends in time, and names each with its phase',
    async () => {
      const gateway = await gatewayBefore(await startEndlessUpstream(), {
        ...SHORT,
        NODE_OPTIONS: `--import=${HANGING_SNAPSHOTS}`,
      })
      await openStream(gateway, '/v1/chat/completions', CHAT)
      opened.push(await deafSocket(gateway))
      expect(await gateway.end('SIGTERM')).toBe(1)
      expect(gateway.output).toEqual(lost('streams', 'POST /v1/chat/completions', 'ended'))
      expect(gateway.output).toEqual(lost('streams', 'websocket', 'cut'))
      expect(gateway.output).toEqual(lost('components', 'learned state', 'hung'))
      // What it needs has had its turn all the same.
      expect(gateway.output).toMatch(/"component":"database",[^\n]*"msg":"component stopped"/)
    },
    DEADLINE_MS,
  )

  it(
    'twice ends it at once, with all that was acknowledged in its journal',
    async () => {
      const dataDir = directory()
      const upstream = await ScriptedUpstream.start(({ body }, response) => {
        if (body.stream === true) {
          response.writeHead(200, { 'content-type': 'text/event-stream' })
          response.write('data: {"choices":[{"delta":{"content":"a"}}]}\n\n')
          return
        }
        response.setHeader('content-type', 'application/json')
        response.end(JSON.stringify(completionOf('hello', { prompt_tokens: 1, completion_tokens: 1 })))
      })
      // With an hour to wait, only the second signal ends it.
      const gateway = await gatewayBefore(upstream, { ATP_SHUTDOWN_TOTAL: '1h' }, dataDir)
      const { body } = await post<{ decision_id: string }>(gateway, '/v1/ask', { prompt: 'hi' })
      await openStream(gateway, '/v1/chat/completions', CHAT)
      const ended = gateway.end('SIGTERM')
      await expect.poll(() => gateway.output, { timeout: DEADLINE_MS }).toContain('the stop has begun')
      gateway.child.kill('SIGTERM')
      expect(await ended).toBe(143)
      expect(gateway.output).toContain('SIGTERM again')
      const again = await gatewayBefore(await startEndlessUpstream(), {}, dataDir)
      const feedback = { decision_id: body.decision_id, quality: 1 }
      expect((await post(again, '/v1/observe', feedback)).status).toBeLessThan(300)
    },
    DEADLINE_MS,
  )
})

describe('SIGTERM while Postgres hangs', () => {
  it(
    'ends in time; what Postgres did not take is in the journal, and the next start brings it',
    async () => {
      const postgres = await startPostgres()
      opened.push({ [Symbol.asyncDispose]: () => postgres.stop() })
      const dataDir = directory()
      const answering = () =>
        ScriptedUpstream.start((_request, response) => {
          response.setHeader('content-type', 'application/json')
          response.end(JSON.stringify(completionOf('hello', { prompt_tokens: 1, completion_tokens: 1 })))
        })
      const url = await postgres.createDatabase()
      const env = { DATABASE_URL: url, ATP_SHUTDOWN_TOTAL: '3s' }
      const gateway = await gatewayBefore(await answering(), env, dataDir)
      await post(gateway, '/v1/ask', { prompt: 'before' })
      const lag = async (of: GatewayProcess) =>
        /^atp_journal_drain_lag_rows (\d+)$/m.exec((await get(of, '/metrics')).text)?.[1]
      await expect.poll(() => lag(gateway), { timeout: DEADLINE_MS }).toBe('0')
      postgres.pause()
      const { body, status } = await post<{ decision_id: string }>(gateway, '/v1/ask', { prompt: 'while' })
      expect(status).toBe(200)
      const code = await gateway.end('SIGTERM')
      const [, unfinished] = /"unfinished":(\d+),"msg":"stopped"/.exec(gateway.output) ?? []
      expect(code).toBe(unfinished === '0' ? 0 : 1)
      postgres.unpause()
      const again = await gatewayBefore(await answering(), env, dataDir)
      await expect.poll(() => lag(again), { timeout: DEADLINE_MS }).toBe('0')
      const client = new pg.Client(url)
      await client.connect()
      const { rows } = await client.query('select id from decisions where id = $1', [body.decision_id])
      await client.end()
      expect(rows).toHaveLength(1)
    },
    DEADLINE_MS * 2,
  )
})

const probe = await redisForTests()
const { missing } = probe

afterAll(async () => {
  if (probe.missing === null) await probe.stop()
})

describe.skipIf(missing !== null)(
  `with shared limits${missing === null ? '' : ` (skipped: ${missing})`}`,
  () => {
    it(
      'a stream that the stop ended leaves no reservation',
      async () => {
        const redis = await startRedis()
        opened.push({ [Symbol.asyncDispose]: () => redis.stop() })
        const env = { ...PATIENT, REDIS_URL: redis.url, ATP_LIMITS_LEASE: '1h' }
        const options = {
          adminKey: freshKey(),
          dataDir: directory(),
          env,
          models: ['small'],
          script: endless,
        }
        const gateway = await KeyedGateway.start(options)
        opened.push(gateway)
        const money = { id: 'daily', scope: 'tenant', counts: 'cost_usd', per: 'day', amount: 0.001 }
        const { key } = await gateway.tenant('paying', { limits: [money], reserve: 'bound' })
        /** Of its daily budget, as a request that has no room in it is told. */
        const reserved = async (at: KeyedGateway) => {
          const { body } = await at.ask(key, { max_output_tokens: 2_000 })
          return (body.limit as { reserved: number } | undefined)?.reserved
        }
        const stream = gateway.ask(key, { stream: true, max_output_tokens: 50 })
        await expect.poll(() => reserved(gateway), { timeout: DEADLINE_MS }).toBeGreaterThan(0)
        const ended = gateway.gateway.end('SIGTERM')
        expect((await stream).text).toContain('shutting_down')
        expect(await ended).toBe(1)
        const again = await KeyedGateway.start(options)
        opened.push(again)
        await expect.poll(() => reserved(again), { timeout: DEADLINE_MS }).toBe(0)
        expect(again.gateway.output).not.toContain('reservations of the process before were settled')
      },
      DEADLINE_MS * 2,
    )
  },
)
