/** Limits that replicas share: several gateways on one Redis and one Postgres hold a tenant to its limits together. */
import { postgresForTests, redisForTests, startRedis } from '@atp/test-services'
import { afterAll, afterEach, describe, expect, it } from 'vitest'
import type { ReadinessReport } from '../../src/http/readiness.ts'
import { GatewayCluster, readiness } from '../support/gateway-cluster.ts'
import { KeyedGateway } from '../support/keyed-gateway.ts'
import { get } from '../support/post.ts'
import { completionOf, type Script } from '../support/scripted-upstream.ts'

const postgres = await postgresForTests()
const probe = await redisForTests()
const missing = postgres.missing ?? probe.missing
const opened: AsyncDisposable[] = []
const patience = { timeout: 30_000 }
const REQUESTS = process.env.ATP_VERIFY === 'full' ? 2_000 : 600
const LIMIT = REQUESTS / 4

afterEach(async () => {
  for (const each of opened.splice(0).reverse()) await each[Symbol.asyncDispose]()
})

afterAll(async () => {
  if (postgres.missing === null) await postgres.stop()
  if (probe.missing === null) await probe.stop()
})

async function cluster(size: number, timeout: string, script?: Script): Promise<GatewayCluster> {
  const started = await GatewayCluster.start({
    size,
    postgres,
    timeout,
    ...(script === undefined ? {} : { script }),
  })
  opened.push(started)
  return started
}

describe.skipIf(missing !== null)(
  `gateways that share their limits${missing === null ? '' : ` (skipped: ${missing})`}`,
  () => {
    it(`admit exactly ${LIMIT} of ${REQUESTS} requests at once, four of them together`, async () => {
      const replicas = await cluster(4, '30s')
      const { key } = await replicas.tenant('exact', {
        limits: [{ id: 'rph', scope: 'tenant', counts: 'requests', per: '1h', amount: LIMIT }],
      })
      const asked = Array.from({ length: REQUESTS }, (_, at) => replicas.at(at).ask(key))
      const statuses = (await Promise.all(asked)).map(({ status }) => status)
      const admitted = statuses.filter(status => status === 200)
      const refused = statuses.filter(status => status === 429)
      expect([admitted.length, refused.length]).toEqual([LIMIT, REQUESTS - LIMIT])
    })

    it('spend a daily budget together and never beyond it, where estimates are upper bounds', async () => {
      let answers = 0
      const script: Script = (request, response) => {
        const most = (request.body.max_completion_tokens ?? request.body.max_tokens) as number
        answers += 1
        const written = 1 + ((answers * 7_919) % most)
        response.setHeader('content-type', 'application/json')
        response.end(JSON.stringify(completionOf('Hi.', { prompt_tokens: 8, completion_tokens: written })))
      }
      const replicas = await cluster(3, '30s', script)
      const usd = 0.02
      const { key } = await replicas.tenant('budget', {
        reserve: 'bound',
        limits: [{ id: 'daily', scope: 'tenant', counts: 'cost_usd', per: 'day', amount: usd }],
      })
      let spent = 0
      for (let round = 0; round < 8; round++) {
        const asked = Array.from({ length: 45 }, (_, at) =>
          replicas.at(at).ask(key, { max_output_tokens: 200 }),
        )
        for (const { status, body } of await Promise.all(asked)) {
          if (status === 200) spent += body.cost_usd as number
          else expect([status, body.code]).toEqual([429, 'quota_exceeded'])
        }
        expect(spent).toBeLessThanOrEqual(usd)
      }
      // Settled, and nothing reserved: the counter says what was spent, to the micro-dollar.
      const refused = await replicas.at(0).ask(key, { max_output_tokens: 2_000 })
      expect(refused.body.limit).toMatchObject({ reserved: 0 })
      expect((refused.body.limit as { used: number }).used).toBeCloseTo(spent, 9)
      // Nothing is counted twice: what is refused would not fit.
      expect(spent).toBeGreaterThan(0.95 * usd - 0.0005)
    })

    it('hold a tenant to the limits that it has now, also while it is busy', async () => {
      const replicas = await cluster(2, '30s')
      const { gateways } = replicas
      const limits = (amount: number) => [
        { id: 'rph', scope: 'tenant', counts: 'requests', per: '1h', amount },
        { id: 'daily', scope: 'key', counts: 'requests', per: 'day', amount: 1_000_000 },
      ]
      const { key } = await replicas.tenant('busy', { limits: limits(1_000_000) })
      const status = async (gateway: KeyedGateway) => (await gateway.ask(key)).status
      let isBusy = true
      const load = gateways.flatMap(gateway =>
        [0, 1].map(async () => {
          while (isBusy) await status(gateway)
        }),
      )
      for (const [at, { amount, becomes }] of [
        { amount: 1, becomes: 429 },
        { amount: 1_000_000, becomes: 200 },
        { amount: 0, becomes: 429 },
      ].entries()) {
        const changed = await replicas.at(at).admin('PATCH /admin/v1/tenants/busy', {
          body: { limits: limits(amount) },
          headers: { 'if-match': `"${at + 1}"` },
        })
        expect(changed.status, changed.text).toBe(200)
        for (const gateway of gateways) await expect.poll(() => status(gateway), patience).toBe(becomes)
      }
      isBusy = false
      await Promise.all(load)
    })

    it('warn of a Redis that may evict what they count', async () => {
      const redis = await startRedis({ flags: ['--maxmemory-policy', 'allkeys-lru'] })
      opened.push({ [Symbol.asyncDispose]: () => redis.stop() })
      const gateway = await KeyedGateway.start({ env: { REDIS_URL: redis.url } })
      opened.push(gateway)
      const detail = async () => (await get<ReadinessReport>(gateway, '/readyz')).body.checks.limits?.detail
      await expect.poll(detail, patience).toContain('maxmemory-policy is allkeys-lru')
      expect(gateway.gateway.output).toContain('Redis may evict what is counted')
    })

    it('refuse money and let rates go on while Redis is away, degraded; and know what was spent when it comes back empty', async () => {
      const replicas = await cluster(2, '500ms')
      const { redis, gateways } = replicas
      const [one, other] = gateways as [KeyedGateway, KeyedGateway]
      const rates = { id: 'rpm', scope: 'tenant', counts: 'requests', per: '1m', amount: 1_000 }
      const money = { id: 'daily', scope: 'tenant', counts: 'cost_usd', per: 'day', amount: 0.001 }
      const careful = await replicas.tenant('careful', { limits: [rates, money], reserve: 'bound' })
      const ask = (gateway: KeyedGateway) => gateway.ask(careful.key, { max_output_tokens: 5 })
      const careless = await replicas.tenant('careless', { limits: [rates] })
      for (let time = 0; time < 5; time++) expect((await ask(one)).status).toBe(200)
      await redis.halt()
      for (const gateway of [one, other]) {
        await expect.poll(async () => (await ask(gateway)).body.code, patience).toBe('limits_unavailable')
        expect((await gateway.ask(careless.key)).status).toBe(200)
        await expect.poll(() => readiness(gateway), patience).toBe('degraded')
      }
      await redis.resume()
      for (const gateway of [one, other]) {
        await expect.poll(async () => (await ask(gateway)).status, patience).toBe(200)
      }
      // Nothing was forgotten with the Redis that held it: the next answer's worst case has no room beside what was spent.
      await expect.poll(() => readiness(other), patience).toBe('ok')
      const spent = async () => {
        const { body } = await one.ask(careful.key, { max_output_tokens: 2_000 })
        return (body.limit as { used: number } | undefined)?.used
      }
      await expect.poll(spent, patience).toBeCloseTo(7 * 0.00002, 9)
    })
  },
)
