/** A replica in a process of its own: does what it is told on its command line, prints one line of JSON for each thing it says. */
import { Secret } from '@atp/core/secret'
import type { Limit } from '@atp/domain/limit'
import { RedisLimiter } from '../../../src/ratelimit/index.ts'
import { connectRedis } from '../../../src/redis/connect.ts'

export interface Orders {
  readonly url: string
  readonly name: string
  readonly tenant: string
  readonly limits: readonly Limit[]
  readonly requests: number
  /** How many at a time. */
  readonly concurrency: number
  readonly leaseMs: number
  /** Micro-USD that are reserved; 0 for requests without price. */
  readonly estimate: number
  /** What is spent is up to so many micro-USD, or nothing is settled. */
  readonly spentMax: number | null
}

const orders = JSON.parse(process.argv[2] as string) as Orders
const redis = connectRedis({ url: new Secret(orders.url), commandTimeoutMs: 20_000 })
await new Promise<void>(ready => redis.once('ready', () => ready()))
const limiter = new RedisLimiter({
  redis,
  nowUs: () => 1_000 * Date.now(),
  newEpoch: () => 1 + Math.floor(Math.random() * 2 ** 50),
  timeoutMs: 20_000,
})

const told = { admitted: 0, denied: 0, spent: 0, dearest: 0 }
let next = 0
await Promise.all(Array.from({ length: orders.concurrency }, work))
console.log(JSON.stringify(told))
// One that settles nothing holds its leases until it is killed.
if (orders.spentMax !== null) redis.disconnect()

async function work(): Promise<void> {
  for (let request = next++; request < orders.requests; request = next++) {
    const { tenant, limits, leaseMs, estimate, spentMax } = orders
    const reservation = `${orders.name}/${request}`
    const asked = {
      tenant,
      reservation,
      limits,
      requests: 1,
      leaseMs,
      estimate: { tokens: 0, cost: estimate },
    }
    const verdict = await limiter.admit(asked)
    if (verdict.kind !== 'admitted') {
      told.denied += 1
      continue
    }
    told.admitted += 1
    if (spentMax === null || !verdict.leased) continue
    const cost = Math.floor(Math.random() * (spentMax + 1))
    const settlement = await limiter.settle(tenant, reservation, { tokens: 0, cost })
    if (settlement !== 'settled') throw new Error(`${reservation} was ${settlement}`)
    told.spent += cost
    told.dearest = Math.max(told.dearest, cost)
  }
}
