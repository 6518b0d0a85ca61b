/** Many tenants on one gateway, one of them far beyond its limit: the others don't notice. Prints how long they waited; asserts no time. */
import { redisForTests, startRedis } from '@atp/test-services'
import { afterAll, describe, expect, it } from 'vitest'
import { KeyedGateway } from '../support/keyed-gateway.ts'

const probe = await redisForTests()
const TENANTS = process.env.ATP_VERIFY === 'full' ? 10_000 : 1_000
const LANES = 16
const ABUSED = 20
const FLOOD = 50 * ABUSED

afterAll(async () => {
  if (probe.missing === null) await probe.stop()
})

/** Each in turn, so many at one time. */
async function each<T, R>(all: readonly T[], lanes: number, work: (one: T) => Promise<R>): Promise<R[]> {
  const results: R[] = []
  let next = 0
  const lane = async () => {
    while (next < all.length) {
      const at = next++
      results[at] = await work(all[at] as T)
    }
  }
  await Promise.all(Array.from({ length: lanes }, lane))
  return results
}

function limitOf(amount: number) {
  return { limits: [{ id: 'rph', scope: 'tenant', counts: 'requests', per: '1h', amount }] }
}

interface Asked {
  readonly status: number
  readonly ms: number
}

async function timed(gateway: KeyedGateway, key: string): Promise<Asked> {
  const sentAt = performance.now()
  const { status } = await gateway.ask(key)
  return { status, ms: performance.now() - sentAt }
}

function p99(asked: readonly Asked[]): number {
  const sorted = asked.map(({ ms }) => ms).sort((a, b) => a - b)
  return sorted[Math.ceil(0.99 * sorted.length) - 1] as number
}

describe.skipIf(probe.missing !== null)(
  `tenants${probe.missing === null ? '' : ` (skipped: ${probe.missing})`}`,
  () => {
    it(`are all answered, ${TENANTS} of them, while one asks for 50 times what it may`, async () => {
      await using redis = await startRedis().then(server => ({
        url: server.url,
        [Symbol.asyncDispose]: () => server.stop(),
      }))
      await using gateway = await KeyedGateway.start({
        models: ['small'],
        env: { REDIS_URL: redis.url, ATP_LIMITS_TIMEOUT: '30s' },
      })
      const names = Array.from({ length: TENANTS }, (_, at) => `tenant-${at}`)
      // As much as is asked below: what another tenant used would be missing.
      const keys = await each(names, LANES, async name => (await gateway.tenant(name, limitOf(2))).key)
      const abuser = await gateway.tenant('abuser', limitOf(ABUSED))
      const alone = await each(keys, LANES, key => timed(gateway, key))
      const statuses: number[] = []
      let over = false
      const flood = Array.from({ length: LANES }, async () => {
        while (!over || statuses.length < FLOOD) statuses.push((await gateway.ask(abuser.key)).status)
      })
      const beside = await each(keys, LANES, key => timed(gateway, key))
      over = true
      await Promise.all(flood)
      console.log(
        `p99 of ${TENANTS} tenants: ${p99(alone).toFixed(1)} ms alone, ${p99(beside).toFixed(1)} ms beside the flood`,
      )
      for (const asked of [alone, beside])
        expect(new Set(asked.map(({ status }) => status))).toEqual(new Set([200]))
      expect(statuses.filter(status => status === 200)).toHaveLength(ABUSED)
      expect(statuses.filter(status => status === 429)).toHaveLength(statuses.length - ABUSED)
    }, 600_000)
  },
)
