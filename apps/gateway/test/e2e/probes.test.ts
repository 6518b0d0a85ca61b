/** The probes from outside, with servers that really hang. */
import { setTimeout as delay } from 'node:timers/promises'
import { startPostgres, startRedis } from '@atp/test-services'
import { afterEach, describe, expect, it } from 'vitest'
import type { CheckReport } from '../../src/http/readiness.ts'
import { GatewayProcess } from '../support/gateway-process.ts'
import { get, post } from '../support/post.ts'
import { completionOf, configFor, type Script, ScriptedUpstream } from '../support/scripted-upstream.ts'

/** Ten times what is promised: a probe that waits for a server that hangs takes longer. */
const HANG_MS = 500
const PATHS = ['/livez', '/readyz', '/startupz', '/healthz']

interface Report {
  readonly status: string
  readonly checks: Readonly<Record<string, CheckReport>>
  readonly version: string
  readonly uptime_s: number
}

const opened: AsyncDisposable[] = []

afterEach(async () => {
  for (const resource of opened.splice(0).reverse()) await resource[Symbol.asyncDispose]()
})

function opens<Resource extends AsyncDisposable>(resource: Resource): Resource {
  opened.push(resource)
  return resource
}

const stopping = (server: { stop(): Promise<void> }) => ({ [Symbol.asyncDispose]: () => server.stop() })

const hello: Script = (_request, response) => {
  response.setHeader('content-type', 'application/json')
  response.end(JSON.stringify(completionOf('hello', { prompt_tokens: 1, completion_tokens: 1 })))
}

async function gatewayWith(env: Record<string, string>, script = hello): Promise<GatewayProcess> {
  const upstream = opens(await ScriptedUpstream.start(script))
  return opens(await GatewayProcess.start({ config: configFor(upstream), env }))
}

async function probe(gateway: GatewayProcess, path = '/readyz') {
  const since = performance.now()
  const { status, body, headers } = await get<Report>(gateway, path)
  return { http: status, headers, ms: performance.now() - since, ...body }
}

describe('the probes', () => {
  it('say how each check went, what it took and when, and which version runs since when', async () => {
    const gateway = await gatewayWith({})
    const ready = await probe(gateway)
    expect(ready).toMatchObject({ http: 200, status: 'ok' })
    expect(ready.headers.get('cache-control')).toBe('no-store')
    expect(new Set(Object.keys(ready.checks))).toEqual(
      new Set(['adapters', 'database', 'gateway', 'journal', 'secrets']),
    )
    expect(ready.checks.journal).toEqual({
      status: 'ok',
      detail: null,
      latency_ms: expect.any(Number),
      age_ms: expect.any(Number),
    })
    expect(ready.checks.adapters).toEqual({ status: 'ok', detail: null, latency_ms: null, age_ms: 0 })
    expect(ready.version).toMatch(/^\d+\.\d+/)
    for (const path of PATHS) {
      const { http, uptime_s } = await probe(gateway, path)
      expect(http).toBe(200)
      expect(uptime_s).toBeGreaterThanOrEqual(0)
    }
  })

  it('answer at once while Postgres and Redis hang: ready, but degraded, and live', async () => {
    const [postgres, redis] = await Promise.all([startPostgres(), startRedis()])
    opens(stopping(postgres))
    opens(stopping(redis))
    const url = await postgres.createDatabase()
    const gateway = await gatewayWith({ DATABASE_URL: url, REDIS_URL: redis.url })
    await expect.poll(async () => (await probe(gateway)).status).toBe('ok')
    const well = await probe(gateway)
    for (const name of ['postgres', 'redis', 'journal']) {
      expect(well.checks[name], name).toMatchObject({ status: 'ok', latency_ms: expect.any(Number) })
    }

    postgres.pause()
    redis.pause()
    const answers: Awaited<ReturnType<typeof probe>>[] = []
    const isFound = ({ checks }: Report) =>
      checks.postgres?.status === 'degraded' && checks.redis?.status === 'degraded'
    await expect
      .poll(async () => {
        for (const path of PATHS) answers.push(await probe(gateway, path))
        return answers.some(isFound)
      })
      .toBe(true)
    for (const { http, ms } of answers) {
      expect(http).toBe(200)
      expect(ms).toBeLessThan(HANG_MS)
    }
    const ill = await probe(gateway)
    expect(ill.status).toBe('degraded')
    expect(ill.checks.postgres).toMatchObject({
      status: 'degraded',
      detail: 'Postgres does not answer, records wait in the journal: no answer within 1000 ms',
      latency_ms: null,
    })
    expect(ill.checks.redis?.detail).toMatch(/^Redis does not answer, each tenant's policy decides: /)
    expect((await post(gateway, '/v1/ask', { prompt: 'Hello?' })).status).toBe(200)

    postgres.unpause()
    redis.unpause()
    await expect.poll(async () => (await probe(gateway)).status).toBe('ok')
  })

  it('are not ready while no adapter is usable, and are again when its circuit lets a call through', async () => {
    const gateway = await gatewayWith(
      { ATP_BREAKER_FAILURES: '1', ATP_BREAKER_COOLDOWN: '5s' },
      (_, response) => {
        response.writeHead(500)
        response.end()
      },
    )
    expect((await post(gateway, '/v1/ask', { prompt: 'Hello?' })).status).toBe(502)
    expect(await probe(gateway)).toMatchObject({
      http: 503,
      checks: { adapters: { status: 'unavailable', detail: 'circuit open: up/model' } },
    })
    expect((await probe(gateway, '/livez')).http).toBe(200)
    await expect.poll(async () => (await probe(gateway)).http).toBe(200)
  })

  it('find a process that stood still longer than it may, and name that', async () => {
    const gateway = await gatewayWith({ ATP_SERVER_EVENT_LOOP_LIMIT: '250ms' })
    await expect.poll(async () => (await probe(gateway, '/livez')).http).toBe(200)
    // From inside nothing tells a process that the system stopped from one whose event loop is blocked.
    gateway.child.kill('SIGSTOP')
    await delay(1_000)
    gateway.child.kill('SIGCONT')
    const late = await probe(gateway, '/livez')
    expect(late).toMatchObject({ http: 503, status: 'unavailable' })
    expect(late.checks.event_loop?.detail).toMatch(
      /^the event loop was blocked for \d+ ms, more than 250 ms$/,
    )
    expect((await probe(gateway)).http).toBe(200)
  })
})
