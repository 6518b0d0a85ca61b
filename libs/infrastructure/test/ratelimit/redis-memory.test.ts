import { randomUUID } from 'node:crypto'
import type { Redis } from 'ioredis'
import { afterAll, describe, expect, it } from 'vitest'
import { RedisLimiter } from '../../src/ratelimit/index.ts'
import { redisImplementation } from './implementations.ts'
import { admission, concurrent, daily, MINUTE, NOON, SECOND, sliding } from './limits.ts'

const { implementation, redis, stop } = await redisImplementation()
afterAll(stop)

describe(`a tenant ${implementation.name}`, () => {
  it.skipIf(implementation.missing)(
    'takes as much memory at any rate, and nothing for what is settled',
    async () => {
      const { limiter, setTime } = implementation.create()
      const tenant = `test/${randomUUID()}`
      const limits = [sliding('requests', 1e6, SECOND), sliding('tokens', 1e6, MINUTE), concurrent(100)]
      for (let request = 0; request < 3_000; request += 1) {
        await setTime(tenant, NOON + request * 77_777)
        const asked = admission(tenant, limits, { estimate: { tokens: 3, cost: 0 } })
        await limiter.admit(asked)
        if (request > 0) await limiter.settle(tenant, asked.reservation, { tokens: 2, cost: 0 })
      }
      // The head, three levels, one lease, and 65 sub-buckets a window at most.
      expect(await redis?.hlen(`atp:limits:1:{${tenant}}`)).toBeLessThanOrEqual(5 + 2 * 65)
      expect(await redis?.zcard(`atp:limits:1:{${tenant}}:due`)).toBe(1)
    },
  )

  it.skipIf(implementation.missing)('keeps all it has behind the prefix of its connection', async () => {
    const keyPrefix = `${randomUUID()}:`
    const own = (redis as Redis).duplicate({ keyPrefix })
    await new Promise<void>(ready => own.once('ready', () => ready()))
    const limiter = new RedisLimiter({
      redis: own,
      nowUs: () => 1_000 * Date.now(),
      newEpoch: () => 1,
      timeoutMs: 20_000,
    })
    const asked = admission('t', [concurrent(1), daily('cost', 9)], { reservation: 'a' })
    expect(await limiter.admit(asked)).toEqual({ kind: 'stale' })
    await limiter.rebuild('t', [])
    expect((await limiter.admit(asked)).kind).toBe('admitted')
    expect(await limiter.renew('t', 'a', 60_000)).toBe(true)
    const keys = await redis?.keys(`${keyPrefix}*`)
    expect(keys?.toSorted()).toEqual(['', ':due'].map(end => `${keyPrefix}atp:limits:1:{t}${end}`))
    expect(await limiter.release('t', 'a')).toBe('settled')
    own.disconnect()
  })

  it.skipIf(implementation.missing)('takes no memory for keys that are dead', async () => {
    const { limiter, setTime } = implementation.create()
    const tenant = `test/${randomUUID()}`
    const limitsOf = (key: number) => [sliding('requests', 9, MINUTE, `key/${key}`)]
    const fields = () => redis?.hlen(`atp:limits:1:{${tenant}}`)
    await setTime(tenant, NOON)
    for (let key = 0; key < 500; key += 1) {
      await limiter.admit(admission(tenant, limitsOf(key)))
      await setTime(tenant, NOON + key * SECOND)
      await limiter.admit(admission(tenant, limitsOf(key)))
    }
    expect(await fields()).toBeGreaterThan(900)
    await setTime(tenant, NOON + 600 * SECOND + 86_400 * SECOND)
    await limiter.admit(admission(tenant, limitsOf(0)))
    expect(await limiter.forget(tenant)).toBe(499)
    expect(await fields()).toBeLessThanOrEqual(3)
  })

  it.skipIf(implementation.missing)(
    'that lost its hash begins anew, without the due times of before',
    async () => {
      const { limiter, setTime } = implementation.create()
      const tenant = `test/${randomUUID()}`
      const key = `atp:limits:1:{${tenant}}`
      await setTime(tenant, NOON)
      for (let k = 0; k < 3; k += 1) await limiter.admit(admission(tenant, [concurrent(9)]))
      await redis?.del(key)
      await limiter.admit(admission(tenant, [concurrent(9)], { reservation: 'new' }))
      expect(await redis?.zrange(`${key}:due`, '0', '-1')).toEqual(['new'])
    },
  )

  it.skipIf(implementation.missing)(
    'that lost its hash has its money of the day again, of a window none',
    async () => {
      const { limiter, setTime } = implementation.create()
      const tenant = `test/${randomUUID()}`
      const limits = [daily('cost', 100), sliding('cost', 100, MINUTE)]
      const ask = (cost: number) =>
        limiter.admit(admission(tenant, limits, { estimate: { tokens: 0, cost }, leaseMs: 1_000 }))
      await setTime(tenant, NOON)
      await limiter.rebuild(tenant, [])
      await ask(60)
      await redis?.del(`atp:limits:1:{${tenant}}`)
      expect(await ask(1)).toEqual({ kind: 'stale' })
      await limiter.rebuild(tenant, [{ limit: daily('cost', 100), settled: 60 }])
      expect(await ask(10)).toMatchObject({
        kind: 'admitted',
        levels: [{ remaining: 30 }, { remaining: 90 }],
      })
    },
  )

  it.skipIf(implementation.missing)('passes over a due time whose reservation is lost', async () => {
    const { limiter, setTime } = implementation.create()
    const tenant = `test/${randomUUID()}`
    const key = `atp:limits:1:{${tenant}}`
    const limits = [concurrent(1)]
    await setTime(tenant, NOON)
    await limiter.admit(admission(tenant, limits, { reservation: 'kept' }))
    await redis?.zadd(`${key}:due`, NOON + SECOND, 'lost')
    expect(await limiter.admit(admission(tenant, limits))).toMatchObject({
      kind: 'denied',
      retryAfterMs: 60_000,
    })
    await setTime(tenant, NOON + MINUTE)
    expect(await limiter.sweep(tenant)).toEqual({ provisional: ['kept'], more: false })
    expect(await redis?.zrange(`${key}:due`, '0', '-1')).toEqual(['kept'])
    expect((await limiter.admit(admission(tenant, limits))).kind).toBe('admitted')
  })
})
