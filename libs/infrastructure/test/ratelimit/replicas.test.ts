import { randomUUID } from 'node:crypto'
import { Secret } from '@atp/core/secret'
import { redisForTests } from '@atp/test-services'
import type { Redis } from 'ioredis'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { RedisLimiter } from '../../src/ratelimit/index.ts'
import { connectRedis } from '../../src/redis/connect.ts'
import { type Books, booksOf } from './books.ts'
import { admission, concurrent, daily, HOUR, MINUTE, SECOND, sliding } from './limits.ts'
import type { Orders } from './replica/run.ts'
import { startReplica } from './replica/start.ts'

const server = await redisForTests()
const REPLICAS = 4
const BUDGET = daily('cost', 1_000_000)

describe.skipIf(server.missing !== null)(
  `4 replicas on one Redis${server.missing ? ` (skipped: ${server.missing})` : ''}`,
  () => {
    let redis: Redis
    let limiter: RedisLimiter
    const url = server.missing === null ? server.url : ''

    beforeAll(async () => {
      redis = connectRedis({ url: new Secret(url), commandTimeoutMs: 20_000 })
      await new Promise<void>(ready => redis.once('ready', () => ready()))
      const newEpoch = () => 1 + Math.floor(Math.random() * 2 ** 50)
      limiter = new RedisLimiter({ redis, nowUs: () => 1_000 * Date.now(), newEpoch, timeoutMs: 20_000 })
    })

    afterAll(async () => {
      redis.disconnect()
      if (server.missing === null) await server.stop()
    })

    const start = (orders: Partial<Orders>, tenant: string) =>
      Array.from({ length: REPLICAS }, (_, k) =>
        startReplica({
          url,
          tenant,
          name: `replica ${k}`,
          limits: [],
          requests: 500,
          concurrency: 500,
          leaseMs: 60_000,
          estimate: 0,
          spentMax: 0,
          ...orders,
        }),
      )

    it('admit exactly 500 of 2,000 requests at one time against a limit of 500', async () => {
      const limits = [
        sliding('requests', 2_000, SECOND),
        sliding('requests', 500, HOUR),
        sliding('requests', 1_000, MINUTE),
      ]
      const told = await Promise.all(start({ limits }, `test/${randomUUID()}`).map(replica => replica.told))
      expect(told.reduce((sum, { admitted }) => sum + admitted, 0)).toBe(500)
      expect(told.reduce((sum, { denied }) => sum + denied, 0)).toBe(1_500)
    })

    async function spend(orders: Partial<Orders>) {
      const tenant = `test/${randomUUID()}`
      await limiter.rebuild(tenant, [])
      const replicas = start({ limits: [BUDGET], requests: 1_500, concurrency: 25, ...orders }, tenant)
      let running = true
      const all = Promise.all(replicas.map(replica => replica.told)).finally(() => {
        running = false
      })
      const samples: Books[] = []
      while (running) samples.push(await booksOf(redis, tenant, 'dcday:cost/day'))
      const told = await all
      const end = await booksOf(redis, tenant, 'dcday:cost/day')
      const spent = told.reduce((sum, one) => sum + one.spent, 0)
      return { samples: [...samples, end], end, spent, dearest: Math.max(...told.map(one => one.dearest)) }
    }

    it('keep a budget of $1 to the cent where estimates are upper bounds, with true books at every moment', async () => {
      const { samples, end, spent } = await spend({ estimate: 2_000, spentMax: 2_000 })
      expect(samples.length).toBeGreaterThan(50)
      expect(samples.some(({ live }) => live > 0)).toBe(true)
      for (const { counted, reserved, live } of samples) {
        expect(reserved).toBe(live)
        expect(counted).toBeLessThanOrEqual(BUDGET.amount)
      }
      expect(end).toEqual({ counted: spent, reserved: 0, live: 0 })
      // Nobody is locked out: what was not spent was given back.
      expect(spent).toBeGreaterThan(BUDGET.amount - 100 * 2_000)
    })

    it('overshoot a budget of $1 by no more than what requests in flight were underestimated by', async () => {
      const { samples, end, spent, dearest } = await spend({ estimate: 500, spentMax: 2_000 })
      for (const { reserved, live } of samples) expect(reserved).toBe(live)
      expect(end).toEqual({ counted: spent, reserved: 0, live: 0 })
      expect(spent).toBeLessThanOrEqual(BUDGET.amount + REPLICAS * 25 * (dearest - 500))
      expect(spent).toBeGreaterThan(BUDGET.amount - 2_000)
    })

    it('are freed of the 100 leases of one that was killed, whose money stays counted as estimated', async () => {
      const tenant = `test/${randomUUID()}`
      const limits = [concurrent(100), BUDGET]
      await limiter.rebuild(tenant, [])
      const orders = {
        limits,
        requests: 100,
        concurrency: 100,
        estimate: 1_000,
        spentMax: null,
        leaseMs: 2_000,
      }
      const { child, told } = startReplica({ url, tenant, name: 'replica 0', ...orders })
      expect(await told).toMatchObject({ admitted: 100 })
      child.kill('SIGKILL')
      const refused = await limiter.admit(admission(tenant, limits))
      expect(refused).toMatchObject({ kind: 'denied', by: { reserved: 100 } })
      await expect
        .poll(async () => (await limiter.admit(admission(tenant, limits))).kind, { timeout: 20_000 })
        .toBe('admitted')
      // They were taken one after the other, and end so.
      const books = async () => {
        await limiter.sweep(tenant)
        return booksOf(redis, tenant, 'dcday:cost/day')
      }
      await expect.poll(books, { timeout: 20_000 }).toEqual({ counted: 100_000, reserved: 0, live: 0 })
      const late = await limiter.settle(tenant, 'replica 0/7', { tokens: 0, cost: 400 })
      expect([late, (await booksOf(redis, tenant, 'dcday:cost/day')).counted]).toEqual(['corrected', 99_400])
    })
  },
)
