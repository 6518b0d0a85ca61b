/** What breaks around limits, through HTTP: replicas that are killed or stopped, a Redis that hangs or forgets, clients that leave. */
import { setTimeout as delay } from 'node:timers/promises'
import { Secret } from '@atp/core/secret'
import { connectRedis, isReady } from '@atp/infrastructure/redis'
import { postgresForTests, redisForTests } from '@atp/test-services'
import { afterAll, afterEach, describe, expect, it } from 'vitest'
import { type ClusterOptions, GatewayCluster, readiness } from '../support/gateway-cluster.ts'
import type { KeyedGateway } from '../support/keyed-gateway.ts'
import { completionOf, type Script } from '../support/scripted-upstream.ts'

const postgres = await postgresForTests()
const probe = await redisForTests()
const missing = postgres.missing ?? probe.missing
const opened: AsyncDisposable[] = []
const patience = { timeout: 30_000 }

afterEach(async () => {
  for (const each of opened.splice(0).reverse()) await each[Symbol.asyncDispose]()
})

afterAll(async () => {
  if (postgres.missing === null) await postgres.stop()
  if (probe.missing === null) await probe.stop()
})

async function replicas(options: Partial<ClusterOptions> = {}): Promise<GatewayCluster> {
  const started = await GatewayCluster.start({ size: 2, postgres, timeout: '30s', ...options })
  opened.push(started)
  return started
}

/** Answers of 10 and 5 tokens at $1 and $2 a million; a stream begins, and goes on when it is let. */
function gate() {
  const held: (() => void)[] = []
  const script: Script = async (request, response) => {
    if (request.body.stream !== true) {
      response.setHeader('content-type', 'application/json')
      response.end(JSON.stringify(completionOf('Hello.', { prompt_tokens: 10, completion_tokens: 5 })))
      return
    }
    response.setHeader('content-type', 'text/event-stream')
    const begins = 'data: {"choices":[{"index":0,"delta":{"content":"Hel"}}]}\n\n'
    // Before its first byte, where the prompt says so.
    const isSilent = JSON.stringify(request.body.messages).includes('silence')
    if (!isSilent) response.write(begins)
    await Promise.race([new Promise<void>(resolve => held.push(resolve)), request.hungUp])
    const usage = '"usage":{"prompt_tokens":10,"completion_tokens":5,"total_tokens":15}'
    const ends = '{"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}'
    response.end(`data: ${ends}\n\ndata: {"choices":[],${usage}}\n\ndata: [DONE]\n\n`)
  }
  return { held, script }
}

/** Micro-dollars of an answer. */
const COST = 20
const DAILY = { id: 'daily', scope: 'tenant', counts: 'cost_usd', per: 'day', amount: 0.1 }

interface Counted {
  /** Micro-dollars. */
  readonly used: number
  readonly reserved: number
}

/** What the counter of the daily budget says: a prompt that the whole budget could not pay for is refused with it. */
async function daily(gateway: KeyedGateway, key: string): Promise<Counted> {
  const { status, body } = await gateway.ask(key, { prompt: 'x'.repeat(200_000) })
  expect(status).toBe(429)
  const { used, reserved } = body.limit as Counted
  return { used: Math.round(1e6 * used), reserved: Math.round(1e6 * reserved) }
}

/** A stream under way; its answer's text, or null where it broke. */
function stream(gateway: KeyedGateway, key: string, prompt = 'Hello?', signal?: AbortSignal) {
  const body = { prompt, stream: true, max_output_tokens: 20 }
  return gateway.ask(key, body, signal === undefined ? {} : { signal }).then(
    ({ text }) => text,
    () => null,
  )
}

/** Requests one after the other on so many lanes, until it is stopped. @returns how each was answered */
function traffic(lanes: number, ask: (request: number) => Promise<number>) {
  const statuses: number[] = []
  let running = true
  let request = 0
  const lane = async () => {
    while (running) statuses.push(await ask(request++))
  }
  const done = Promise.all(Array.from({ length: lanes }, lane))
  // Whoever stops it hears of it.
  done.catch(() => undefined)
  return {
    statuses,
    async stop() {
      running = false
      await done
    },
  }
}

describe.skipIf(missing !== null)(
  `limits in chaos${missing === null ? '' : ` (skipped: ${missing})`}`,
  () => {
    it('gives back what a killed replica held when its lease ends, and counts it as estimated', async () => {
      const { held, script } = gate()
      const cluster = await replicas({ script, env: { ATP_LIMITS_LEASE: '2s' } })
      const [killed, other] = [cluster.at(0), cluster.at(1)]
      const lanes = { id: 'lanes', scope: 'tenant', counts: 'concurrent', per: null, amount: 100 }
      const { key } = await cluster.tenant('held', { limits: [lanes, DAILY], reserve: 'bound' })
      const streams = Array.from({ length: 100 }, () => stream(killed, key))
      await expect.poll(() => held.length, patience).toBe(100)
      const refused = await other.ask(key)
      expect(refused.body).toMatchObject({
        code: 'rate_limit_exceeded',
        limit: { level: 'lanes', reserved: 100 },
      })
      const before = await daily(other, key)
      expect(before).toEqual({ used: 0, reserved: expect.toSatisfy((micro: number) => micro > 100 * COST) })
      await killed.gateway.end('SIGKILL')
      await Promise.all(streams)
      await expect.poll(async () => (await other.ask(key)).status, patience).toBe(200)
      await expect
        .poll(() => daily(other, key), patience)
        .toEqual({ used: before.reserved + COST, reserved: 0 })
    })

    it('renews what a living replica holds, however long it takes', async () => {
      const { held, script } = gate()
      const cluster = await replicas({ size: 1, script, env: { ATP_LIMITS_LEASE: '2s' } })
      const lanes = { id: 'lanes', scope: 'tenant', counts: 'concurrent', per: null, amount: 1 }
      const { key } = await cluster.tenant('long', { limits: [lanes] })
      const answer = stream(cluster.at(0), key)
      await expect.poll(() => held.length, patience).toBe(1)
      // Longer than two leases.
      await delay(5_000)
      expect((await cluster.at(0).ask(key)).status).toBe(429)
      held[0]?.()
      expect(await answer).toContain('Hel')
      expect((await cluster.at(0).ask(key)).status).toBe(200)
    })

    it('lets no request hang while Redis does, and counts exactly again when it answers', async () => {
      const TIMEOUT_MS = 400
      const cluster = await replicas({ script: gate().script, timeout: `${TIMEOUT_MS}ms` })
      const everywhere = (policy: string) => ({
        requests: policy,
        tokens: policy,
        concurrent: policy,
        cost_usd: policy,
      })
      const local = await cluster.tenant('local', {
        limits: [{ id: 'tokens', scope: 'tenant', counts: 'tokens', per: '1h', amount: 1_000_000 }, DAILY],
        failure_policy: everywhere('local'),
        reserve: 'bound',
      })
      const tight = await cluster.tenant('tight', {
        limits: [{ id: 'few', scope: 'tenant', counts: 'requests', per: '1h', amount: 60 }],
        failure_policy: everywhere('local'),
      })
      const closed = await cluster.tenant('closed', {
        limits: [{ id: 'many', scope: 'tenant', counts: 'requests', per: '1h', amount: 1_000_000 }],
        failure_policy: everywhere('closed'),
      })
      const load = (key: string, pauseMs: number) =>
        traffic(4, async request => {
          const signal = AbortSignal.timeout(10 * TIMEOUT_MS)
          const { status } = await cluster.at(request).ask(key, { max_output_tokens: 5 }, { signal })
          await delay(pauseMs)
          return status
        })
      const loads = [load(local.key, 5), load(tight.key, 50), load(closed.key, 20)] as const
      await expect
        .poll(() => Math.min(...loads.map(({ statuses }) => statuses.length)), patience)
        .toBeGreaterThan(8)
      cluster.redis.pause()
      await delay(3_000)
      for (const gateway of cluster.gateways) expect(await readiness(gateway)).toBe('degraded')
      expect(loads[2].statuses.at(-1)).toBe(503)
      cluster.redis.unpause()
      for (const gateway of cluster.gateways) await expect.poll(() => readiness(gateway), patience).toBe('ok')
      await expect.poll(() => loads[2].statuses.at(-1), patience).toBe(200)
      for (const each of loads) await each.stop()
      const [ofLocal, ofTight, ofClosed] = loads.map(({ statuses }) => statuses) as [
        number[],
        number[],
        number[],
      ]
      expect(new Set(ofLocal)).toEqual(new Set([200]))
      expect(new Set(ofTight)).toEqual(new Set([200, 429]))
      expect(new Set(ofClosed)).toEqual(new Set([200, 503]))
      const admitted = ofTight.filter(status => status === 200).length
      expect(admitted).toBeGreaterThanOrEqual(60)
      expect(admitted).toBeLessThanOrEqual(2 * 60)
      await expect
        .poll(() => daily(cluster.at(1), local.key), patience)
        .toEqual({ used: COST * ofLocal.length, reserved: 0 })
    })

    it('knows what all replicas have spent and have under way when Redis comes back empty', async () => {
      const { held, script } = gate()
      const cluster = await replicas({ size: 3, script })
      const { key } = await cluster.tenant('emptied', { limits: [DAILY], reserve: 'bound' })
      for (let at = 0; at < 30; at++)
        expect((await cluster.at(at).ask(key, { max_output_tokens: 5 })).status).toBe(200)
      const streams = Array.from({ length: 30 }, (_, at) => stream(cluster.at(at), key))
      await expect.poll(() => held.length, patience).toBe(30)
      const before = await daily(cluster.at(0), key)
      expect(before).toEqual({
        used: 30 * COST,
        reserved: expect.toSatisfy((micro: number) => micro > 30 * COST),
      })
      await cluster.redis.halt()
      await cluster.redis.resume()
      for (const gateway of cluster.gateways)
        await expect
          .poll(async () => {
            const { status } = await gateway.ask(key, { prompt: 'x'.repeat(200_000) })
            // Refused until it is known, and nobody gets through for free.
            expect([429, 503]).toContain(status)
            return status
          }, patience)
          .toBe(429)
      for (const gateway of cluster.gateways) expect(await daily(gateway, key)).toEqual(before)
      for (const release of held) release()
      for (const text of await Promise.all(streams)) expect(text).toContain('done')
      await expect.poll(() => daily(cluster.at(1), key), patience).toEqual({ used: 60 * COST, reserved: 0 })
    })

    it('fails no request when Redis forgets its scripts', async () => {
      const cluster = await replicas({ script: gate().script })
      const { key } = await cluster.tenant('steady', { limits: [DAILY], reserve: 'bound' })
      const load = traffic(8, async request => {
        // Not so fast that the budget is spent.
        await delay(20)
        return (await cluster.at(request).ask(key, { max_output_tokens: 5 })).status
      })
      const redis = connectRedis({ url: new Secret(cluster.redis.url), commandTimeoutMs: 30_000 })
      opened.push({ [Symbol.asyncDispose]: async () => redis.disconnect() })
      expect(await isReady(redis, 30_000)).toBe(true)
      for (let time = 1; time <= 20; time++) {
        await expect.poll(() => load.statuses.length, patience).toBeGreaterThan(10 * time)
        await redis.script('FLUSH')
      }
      await load.stop()
      expect(new Set(load.statuses)).toEqual(new Set([200]))
      expect(await daily(cluster.at(0), key)).toEqual({ used: COST * load.statuses.length, reserved: 0 })
    })

    it.each([
      ['before the first byte', 'silence'],
      ['in mid-stream', 'Hello?'],
    ])('keeps nothing reserved for a client that leaves %s', async (_when, prompt) => {
      const { held, script } = gate()
      const cluster = await replicas({ script })
      const { key } = await cluster.tenant('leaving', { limits: [DAILY], reserve: 'bound' })
      const leave = new AbortController()
      const streams = Array.from({ length: 20 }, (_, at) => stream(cluster.at(at), key, prompt, leave.signal))
      await expect.poll(() => held.length, patience).toBe(20)
      expect((await daily(cluster.at(0), key)).reserved).toBeGreaterThan(20 * COST)
      leave.abort()
      await Promise.all(streams)
      await expect.poll(async () => (await daily(cluster.at(0), key)).reserved, patience).toBe(0)
    })

    it('keeps nothing reserved for a client that leaves after the last byte, and counts what it was told', async () => {
      const { held, script } = gate()
      const cluster = await replicas({ script })
      const { key } = await cluster.tenant('leaving', { limits: [DAILY], reserve: 'bound' })
      const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json' }
      const messages = [{ role: 'user', content: 'Hi' }]
      const body = JSON.stringify({ model: 'auto', messages, max_tokens: 20, stream: true })
      const readAndLeave = async (gateway: KeyedGateway) => {
        const leave = new AbortController()
        const url = `${gateway.url}/v1/chat/completions`
        const response = await fetch(url, { method: 'POST', headers, body, signal: leave.signal })
        const decoder = new TextDecoder()
        let text = ''
        for await (const chunk of response.body as ReadableStream<Uint8Array>) {
          text += decoder.decode(chunk, { stream: true })
          if (text.includes('[DONE]')) break
        }
        leave.abort()
        return text
      }
      const left = Array.from({ length: 20 }, (_, at) => readAndLeave(cluster.at(at)))
      await expect.poll(() => held.length, patience).toBe(20)
      for (const release of held) release()
      for (const text of await Promise.all(left)) expect(text).toContain('[DONE]')
      await expect.poll(() => daily(cluster.at(1), key), patience).toEqual({ used: 20 * COST, reserved: 0 })
    })

    it('settles the streams that end while a replica stops', async () => {
      const { held, script } = gate()
      const cluster = await replicas({ script })
      const { key } = await cluster.tenant('stopping', { limits: [DAILY], reserve: 'bound' })
      const streams = Array.from({ length: 20 }, () => stream(cluster.at(0), key))
      await expect.poll(() => held.length, patience).toBe(20)
      const code = cluster.at(0).gateway.end('SIGTERM')
      await expect
        .poll(
          () =>
            fetch(`${cluster.at(0).url}/livez`).then(
              () => 'up',
              () => 'down',
            ),
          patience,
        )
        .toBe('down')
      for (const release of held) release()
      for (const text of await Promise.all(streams)) expect(text).toContain('done')
      expect(await code).toBe(0)
      expect(await daily(cluster.at(1), key)).toEqual({ used: 20 * COST, reserved: 0 })
    })

    it('settles the streams that are cut where a replica has no more time to stop', async () => {
      const { held, script } = gate()
      const cluster = await replicas({ script, env: { ATP_SHUTDOWN_TOTAL: '3s' } })
      const { key } = await cluster.tenant('stopping', { limits: [DAILY], reserve: 'bound' })
      const streams = Array.from({ length: 20 }, () => stream(cluster.at(0), key))
      await expect.poll(() => held.length, patience).toBe(20)
      await cluster.at(0).gateway.end('SIGTERM')
      await Promise.all(streams)
      expect((await daily(cluster.at(1), key)).reserved).toBe(0)
    })
  },
)
