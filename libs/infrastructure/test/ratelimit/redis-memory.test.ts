import { randomUUID } from 'node:crypto'
import { afterAll, describe, expect, it } from 'vitest'
import { redisImplementation } from './implementations.ts'
import { admission, concurrent, MINUTE, NOON, SECOND, sliding } from './limits.ts'

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
})
