/** A quota that is given to a tenant who spends already, through the admin API: it counts what was spent since its day began. */
import { postgresForTests, redisForTests, startRedis } from '@atp/test-services'
import { afterAll, afterEach, describe, expect, it } from 'vitest'
import { GatewayCluster } from '../support/gateway-cluster.ts'
import { KeyedGateway } from '../support/keyed-gateway.ts'
import { completionOf, type Script } from '../support/scripted-upstream.ts'

const postgres = await postgresForTests()
const probe = await redisForTests()
const opened: AsyncDisposable[] = []
const patience = { timeout: 30_000 }

/** An answer of 10 and 5 tokens at $1 and $2 a million. */
const COST_USD = 0.00002
const budget = { id: 'budget', scope: 'tenant', counts: 'cost_usd', per: 'day', amount: 1 }
const NOTHING = 1e-6

afterEach(async () => {
  for (const each of opened.splice(0).reverse()) await each[Symbol.asyncDispose]()
})

afterAll(async () => {
  if (postgres.missing === null) await postgres.stop()
  if (probe.missing === null) await probe.stop()
})

async function start(withRedis: boolean, script?: Script): Promise<KeyedGateway> {
  const env: Record<string, string> = {}
  if (withRedis) {
    const redis = await startRedis()
    opened.push({ [Symbol.asyncDispose]: () => redis.stop() })
    env.REDIS_URL = redis.url
    env.ATP_LIMITS_TIMEOUT = '30s'
  }
  const gateway = await KeyedGateway.start({ env, ...(script === undefined ? {} : { script }) })
  opened.push(gateway)
  return gateway
}

async function limit(gateway: KeyedGateway, version: number, limits: readonly object[]): Promise<void> {
  const headers = { 'if-match': `"${version}"` }
  const { status, text } = await gateway.admin('PATCH /admin/v1/tenants/spender', {
    headers,
    body: { limits },
  })
  expect(status, text).toBe(200)
}

/** The quota that refuses, once money is not being summed up. */
async function refusing(gateway: KeyedGateway, key: string) {
  let answered = await gateway.ask(key)
  const again = async () => {
    answered = await gateway.ask(key)
    return answered.status
  }
  if (answered.status === 503) await expect.poll(again, patience).not.toBe(503)
  expect(answered.body.code).toBe('quota_exceeded')
  return answered.body.limit as { level: string; used: number; reserved: number }
}

describe.each([
  ['in this process', false],
  ['in Redis', true],
])('limits %s', (_, withRedis) => {
  describe.skipIf(withRedis && probe.missing !== null)('count in a quota what was spent before', () => {
    it.each<[string, readonly object[], string]>([
      ['it was added', [budget, { ...budget, id: 'added', amount: NOTHING }], 'added'],
      [
        'it was added for the month',
        [budget, { ...budget, id: 'added', per: 'month', amount: NOTHING }],
        'added',
      ],
      [
        'it was added for each key',
        [budget, { ...budget, id: 'added', scope: 'key', amount: NOTHING }],
        'added',
      ],
      ['it got another name', [{ ...budget, id: 'renamed', amount: NOTHING }], 'renamed'],
    ])('%s', async (_, limits, level) => {
      const gateway = await start(withRedis)
      const rpm = { id: 'rpm', scope: 'tenant', counts: 'requests', per: '1h', amount: 5 }
      const { key } = await gateway.tenant('spender', { limits: [budget, rpm] })
      const other = await gateway.tenant('other', { limits: [budget] })
      for (let time = 0; time < 4; time++) expect((await gateway.ask(key)).status).toBe(200)
      expect((await gateway.ask(other.key)).status).toBe(200)
      await limit(gateway, 1, [...limits, rpm])
      expect((await gateway.ask(other.key)).status).toBe(200)
      const first = await refusing(gateway, key)
      expect(first).toMatchObject({ level, reserved: 0 })
      expect(first.used).toBeCloseTo(4 * COST_USD, 9)
      // The one that was there before counts on, and rates do.
      await limit(gateway, 2, [{ ...budget, id: limits.length > 1 ? 'budget' : level, amount: NOTHING }, rpm])
      expect((await refusing(gateway, key)).used).toBeCloseTo(4 * COST_USD, 9)
      await limit(gateway, 3, [{ ...budget, id: limits.length > 1 ? 'budget' : level }, rpm])
      expect((await gateway.ask(key)).status).toBe(200)
      expect((await gateway.ask(key)).body.code).toBe('rate_limit_exceeded')
    })

    it('and what is under way, as it was estimated', async () => {
      const held: (() => void)[] = []
      const gateway = await start(withRedis, (_request, response) => {
        held.push(() => {
          response.setHeader('content-type', 'application/json')
          response.end(JSON.stringify(completionOf('Hello.', { prompt_tokens: 10, completion_tokens: 5 })))
        })
      })
      const { key } = await gateway.tenant('spender', { limits: [budget] })
      const underWay = gateway.ask(key)
      await expect.poll(() => held.length, patience).toBe(1)
      await limit(gateway, 1, [budget, { ...budget, id: 'added', amount: NOTHING }])
      expect((await refusing(gateway, key)).used).toBeGreaterThan(0)
      held[0]?.()
      expect((await underWay).status).toBe(200)
    })
  })
})

const missing = postgres.missing ?? probe.missing
describe.skipIf(missing !== null)(`replicas${missing === null ? '' : ` (skipped: ${missing})`}`, () => {
  it('count in a new quota what all of them had spent', async () => {
    const replicas = await GatewayCluster.start({ size: 2, postgres, timeout: '30s' })
    opened.push(replicas)
    const { key } = await replicas.tenant('spender', { limits: [budget] })
    let answered = 0
    const ask = async (at: number) => {
      const { status, body } = await replicas.at(at).ask(key)
      if (status === 200) answered += 1
      return status === 429 ? (body.limit as { level: string; used: number }) : null
    }
    for (let time = 0; time < 6; time++) expect(await ask(time)).toBeNull()
    await limit(replicas.at(0), 1, [budget, { ...budget, id: 'added', amount: NOTHING }])
    for (const at of [1, 0]) {
      await expect.poll(() => ask(at), patience).not.toBeNull()
      const refused = await ask(at)
      expect(refused?.level).toBe('added')
      expect(refused?.used).toBeCloseTo(answered * COST_USD, 9)
    }
  })
})
