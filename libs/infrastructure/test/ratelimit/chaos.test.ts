import { randomUUID } from 'node:crypto'
import { Secret } from '@atp/core/secret'
import { type Admission, FailoverLimiter, InProcessLimiter, type Limit } from '@atp/domain/limit'
import { typescriptNative } from '@atp/native'
import { type RedisServer, redisForTests, startRedis } from '@atp/test-services'
import type { Redis } from 'ioredis'
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest'
import { RedisLimiter } from '../../src/ratelimit/index.ts'
import { connectRedis } from '../../src/redis/connect.ts'
import { booksOf } from './books.ts'
import { admission, concurrent, daily, HOUR, MINUTE, sliding } from './limits.ts'

// Asked only whether there is one: what is harmed here is a server of our own.
const probe = await redisForTests()
afterAll(async () => void (probe.missing === null && (await probe.stop())))

const BUDGET = daily('cost', 1_000_000)
const LEVEL = 'dcday:cost/day'
const HANG_MS = 5_000
const POLL = { timeout: 20_000 }
const nowUs = () => 1_000 * Date.now()
const newEpoch = () => 1 + Math.floor(Math.random() * 2 ** 50)

describe.skipIf(probe.missing !== null)(
  `a Redis that comes to harm${probe.missing ? ` (skipped: ${probe.missing})` : ''}`,
  () => {
    let server: RedisServer
    let redis: Redis
    let limiter: RedisLimiter
    let tenant = ''

    beforeEach(async () => {
      server = await startRedis()
      redis = connectRedis({ url: new Secret(server.url), commandTimeoutMs: 500 })
      await new Promise<void>(ready => redis.once('ready', () => ready()))
      limiter = new RedisLimiter({ redis, nowUs, newEpoch, timeoutMs: 500 })
      tenant = `test/${randomUUID()}`
    })

    afterEach(async () => {
      redis.disconnect()
      await server.stop()
    })

    function failover(money: 'closed' | 'local'): FailoverLimiter {
      return new FailoverLimiter({
        shared: limiter,
        local: new InProcessLimiter({ nowUs, native: typescriptNative, guarded: false }),
        policyOf: () => ({ rates: 'local', money }),
        replicas: () => 1,
        now: () => performance.now(),
        newId: randomUUID,
      })
    }

    const spend = (limits: readonly Limit[], cost: number): Admission =>
      admission(tenant, limits, { estimate: { tokens: 0, cost } })

    it('has its scripts again after they were dropped', async () => {
      const limits = [sliding('requests', 100, MINUTE)]
      for (let request = 0; request < 3; request += 1) {
        await redis.script('FLUSH')
        expect(await limiter.admit(admission(tenant, limits))).toMatchObject({
          levels: [{ used: request + 1 }],
        })
      }
    })

    it('hangs for 3 s, and no request does; money and counts are right when it is back', async () => {
      const levels = [sliding('requests', 100_000, HOUR), BUDGET, concurrent(1_000)]
      await limiter.rebuild(tenant, [])
      const limits = failover('local')
      let [admitted, spent, slowest] = [0, 0, 0]
      const request = async () => {
        const asked = spend(levels, 10)
        const began = performance.now()
        const { kind } = await limits.admit(asked)
        slowest = Math.max(slowest, performance.now() - began)
        if (kind !== 'admitted') return
        admitted += 1
        spent += 7
        await limits.settle(tenant, asked.reservation, { tokens: 0, cost: 7 })
      }
      for (let k = 0; k < 50; k += 1) await request()
      server.pause()
      const until = performance.now() + 3_000
      while (performance.now() < until) {
        await Promise.all(Array.from({ length: 10 }, request))
        await new Promise(resolve => setTimeout(resolve, 10))
      }
      expect(limits.state().decides).not.toBe('shared')
      server.unpause()
      const isBack = async () => {
        await limits.probe()
        return limits.state()
      }
      await expect.poll(isBack, POLL).toEqual({ decides: 'shared', backlog: 0 })
      expect(slowest).toBeLessThan(HANG_MS)
      expect(await booksOf(redis, tenant, LEVEL)).toEqual({ counted: spent, reserved: 0, live: 0 })
      const verdict = await limiter.admit(admission(tenant, levels, { requests: 0 }))
      // A request whose answer was lost may count twice, never not at all.
      const [requests, , leases] = verdict.kind === 'admitted' ? verdict.levels : []
      expect(requests?.used).toBeGreaterThanOrEqual(admitted)
      expect(leases?.reserved).toBe(1)
    })

    it('comes back empty: money is refused until its counters are begun from what was spent, nobody is locked out', async () => {
      const limits = [BUDGET, sliding('requests', 100, MINUTE)]
      await limiter.rebuild(tenant, [])
      const first = spend(limits, 600_000)
      await limiter.admit(first)
      await limiter.settle(tenant, first.reservation, { tokens: 0, cost: 600_000 })
      const before = await limiter.epoch(tenant)
      await server.halt()
      await expect(limiter.admit(spend(limits, 1))).rejects.toMatchObject({
        code: 'limits_unavailable',
        status: 503,
      })
      await server.resume()
      await expect.poll(() => redis.ping().catch(() => 'away'), POLL).toBe('PONG')
      expect(await limiter.epoch(tenant)).toBeNull()
      expect(await limiter.admit(spend(limits, 1))).toEqual({ kind: 'stale' })
      expect((await limiter.admit(admission(tenant, [limits[1] as Limit]))).kind).toBe('admitted')
      await limiter.rebuild(tenant, [{ limit: BUDGET, settled: 600_000 }])
      expect((await limiter.epoch(tenant))?.id).not.toBe(before?.id)
      expect(await limiter.admit(spend(limits, 400_001))).toMatchObject({
        kind: 'denied',
        by: { used: 600_000 },
      })
      expect((await limiter.admit(spend(limits, 400_000))).kind).toBe('admitted')
    })

    it('is rolled back: the first who notices bars money for all, until the counters are begun again', async () => {
      const other = new RedisLimiter({ redis, nowUs, newEpoch, timeoutMs: 500 })
      await limiter.rebuild(tenant, [])
      await limiter.admit(spend([BUDGET], 100_000))
      const key = `atp:limits:1:{${tenant}}`
      const old = (await redis.dumpBuffer(key)) as Buffer
      await limiter.admit(spend([BUDGET], 300_000))
      await redis.restore(key, 0, old, 'REPLACE')
      expect(await limiter.admit(spend([BUDGET], 1))).toEqual({ kind: 'stale' })
      expect(await other.admit(spend([BUDGET], 1))).toEqual({ kind: 'stale' })
      expect(await limiter.rebuild(tenant, [{ limit: BUDGET, settled: 400_000 }])).toBe(true)
      expect(await other.admit(spend([BUDGET], 600_001))).toMatchObject({
        kind: 'denied',
        by: { used: 400_000, reserved: 0 },
      })
      expect((await limiter.admit(spend([BUDGET], 600_000))).kind).toBe('admitted')
    })

    it('is cut off: money is refused at once, as declared, and comes back by itself', async () => {
      const money = failover('closed')
      await limiter.rebuild(tenant, [])
      await server.halt()
      for (let k = 0; k < 20; k += 1) {
        await expect(money.admit(spend([BUDGET], 1))).rejects.toMatchObject({ code: 'limits_unavailable' })
        expect((await money.admit(admission(tenant, [sliding('requests', 100, MINUTE)]))).kind).toBe(
          'admitted',
        )
      }
      await server.resume()
      await expect
        .poll(async () => {
          await money.probe()
          return money.state()
        }, POLL)
        .toEqual({ decides: 'shared', backlog: 0 })
      expect(await money.admit(spend([BUDGET], 1))).toEqual({ kind: 'stale' })
    })

    it.each([-HOUR, HOUR])(
      'has the right day for a replica whose clock is off by %i microseconds',
      async skew => {
        const skewed = new RedisLimiter({ redis, nowUs: () => nowUs() + skew, newEpoch, timeoutMs: 500 })
        await limiter.rebuild(tenant, [])
        // In one of the two zones the skewed clock stands on another day: there it is before one o'clock, or after eleven at night.
        const utcHour = new Date(Number(await redis.time().then(([s]) => s)) * 1_000).getUTCHours()
        for (const localHour of [0, 23]) {
          const offset = ((localHour - utcHour + 36) % 24) - 12
          const timeZone = `Etc/GMT${offset > 0 ? '-' : '+'}${Math.abs(offset)}`
          const limits = [{ ...daily('requests', 2, timeZone), id: timeZone }]
          expect((await limiter.admit(admission(tenant, limits))).kind).toBe('admitted')
          expect((await skewed.admit(admission(tenant, limits))).kind).toBe('admitted')
          expect(await skewed.admit(admission(tenant, limits))).toMatchObject({
            kind: 'denied',
            by: { used: 2 },
          })
          expect(await limiter.admit(admission(tenant, limits))).toMatchObject({
            kind: 'denied',
            by: { used: 2 },
          })
        }
      },
    )

    it('forgets by itself what nobody asks for any more', async () => {
      const limits = [sliding('requests', 10, MINUTE), sliding('tokens', 10, MINUTE)]
      await limiter.admit(admission(tenant, limits, { estimate: { tokens: 1, cost: 0 }, leaseMs: 1_000 }))
      await limiter.rebuild(`${tenant}/2`, [])
      await limiter.admit({ ...spend([BUDGET], 1), tenant: `${tenant}/2` })
      const lives = await Promise.all((await redis.keys('atp:limits:1:*')).map(key => redis.pttl(key)))
      expect(lives).toHaveLength(4)
      for (const life of lives) expect(life > 60_000 && life < 4 * 86_400_000).toBe(true)
    })
  },
)
