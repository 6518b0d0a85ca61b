/** A Redis that has lost its counters is told what all replicas know before it decides about money again: on a server of our own. */
import { setTimeout as delay } from 'node:timers/promises'
import { ManualClock } from '@atp/core/clock'
import { Secret } from '@atp/core/secret'
import type { Denied, LevelReport } from '@atp/domain/limit'
import { connectRedis, isReady, type Redis } from '@atp/infrastructure/redis'
import { type RedisServer, redisForTests, startRedis } from '@atp/test-services'
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest'
import { LimitingReplica, type SharedRecord } from '../support/limiting-replica.ts'
import { tenantOf } from './limit-reports.ts'

const probe = await redisForTests()
const patience = { timeout: 30_000 }
const BUDGET = 1_000
const tenant = tenantOf([
  { id: 'usd', scope: 'tenant', counts: 'cost_usd', per: 'month', amount: BUDGET / 1e6 },
  { id: 'calls', scope: 'tenant', counts: 'requests', per: 'month', amount: 1_000_000 },
])

afterAll(async () => {
  if (probe.missing === null) await probe.stop()
})

describe.skipIf(probe.missing !== null)(
  `replicas whose Redis has lost its counters${probe.missing === null ? '' : ` (skipped: ${probe.missing})`}`,
  () => {
    let server: RedisServer
    let record: SharedRecord
    let clock: ManualClock
    let a: LimitingReplica
    let b: LimitingReplica
    const replicas: LimitingReplica[] = []

    beforeEach(async () => {
      server = await startRedis()
      record = { rows: [] }
      clock = new ManualClock()
      a = await started()
      b = await started()
      await expect.poll(() => [a.others, b.others], patience).toEqual([1, 1])
    })

    afterEach(async () => {
      for (const replica of replicas.splice(0)) await replica[Symbol.asyncDispose]()
      await server.stop()
    })

    async function started(): Promise<LimitingReplica> {
      const replica = await LimitingReplica.start({ url: server.url, tenant, record, clock })
      replicas.push(replica)
      return replica
    }

    async function emptied(): Promise<void> {
      await server.halt()
      await server.resume()
    }

    /** What the counters say, as who asks for more than there is reads it. */
    async function counted(replica: LimitingReplica) {
      const { levels } = await asked(() => replica.admit('too much', BUDGET + 1))
      const [usd, calls] = levels as [LevelReport, LevelReport]
      return { used: usd.used, reserved: usd.reserved, calls: calls.used }
    }

    /** A client that is told to come again does so. */
    async function asked<T>(ask: () => Promise<T>): Promise<Denied> {
      let answer: unknown
      await expect
        .poll(async () => {
          answer = await ask().catch(error => error.code)
          return answer
        }, patience)
        .not.toBe('limits_unavailable')
      return answer as Denied
    }

    /** Asks a again while it is away, or still at it. */
    async function askedUntilTold(): Promise<string> {
      for (;;) {
        const told = await a.admit('new', 1).then(
          ({ kind }) => kind,
          error => error.message,
        )
        if (!/are away|is being summed up/.test(told)) return told
        await delay(10)
      }
    }

    it('counts what others have under way, and what they have not recorded yet', async () => {
      await a.admit('a1', 100)
      await b.admit('b1', 200)
      await b.admit('b2', 50)
      await b.end('b2', 40)
      await emptied()
      const waiting = asked(() => a.admit('all', BUDGET))
      // The database does not have it yet: nobody is let in.
      await expect.poll(() => a.limiter.state().decides, patience).toBe('shared')
      await expect(a.admit('more', 1)).rejects.toMatchObject({ code: 'limits_unavailable' })
      expect(record.rows).toEqual([])
      b.drain()
      expect(await waiting).toMatchObject({ kind: 'denied', by: { used: 40, reserved: 300 } })
      expect(await counted(a)).toEqual({ used: 40, reserved: 300, calls: 3 })
      await b.end('b1', 150)
      await a.end('a1', 30)
      await expect.poll(() => counted(b), patience).toEqual({ used: 220, reserved: 0, calls: 3 })
    })

    it('counts a call once that ends while it is summed up, and is recorded by then', async () => {
      await b.admit('b1', 200)
      await emptied()
      await expect.poll(() => b.calls.declare(tenant.id).catch(() => []), patience).toHaveLength(1)
      expect(await b.end('b1', 150)).toBe('deferred')
      b.drain()
      await counted(a)
      await expect.poll(() => counted(a), patience).toEqual({ used: 150, reserved: 0, calls: 1 })
      expect(b.calls.size).toBe(0)
    })

    it('counts a call once that is settled and not recorded when who asks is too late: another has begun the counters', async () => {
      await a.admit('a1', 100)
      await a.calls.settle(tenant.id, 'a1', { tokens: 0, cost: 40 })
      await a.calls.declare(tenant.id)
      await a.calls.look()
      expect(await counted(b)).toEqual({ used: 40, reserved: 0, calls: 1 })
    })

    it('counts a call whose reservation is lost again before the counters are begun', async () => {
      await b.admit('b1', 200)
      await emptied()
      await expect.poll(() => b.calls.declare(tenant.id).catch(() => []), patience).toHaveLength(1)
      expect(await b.end('b1', 150)).toBe('deferred')
      await emptied()
      await expect.poll(() => b.limiter.rebuild(tenant.id, []).catch(() => false), patience).toBe(true)
      await expect.poll(() => counted(a).then(({ used }) => used), patience).toBe(150)
    })

    it('does not hand out a budget twice, whoever asks at one time', async () => {
      for (let at = 0; at < 5; at++) {
        await a.admit(`a${at}`, 100)
        await b.admit(`b${at}`, 60)
        await b.end(`b${at}`, 60)
      }
      b.drain()
      await emptied()
      const verdicts = await Promise.all(
        Array.from({ length: 20 }, (_, at) => asked(() => (at % 2 ? a : b).admit(`new${at}`, 100))),
      )
      // Of 1,000 there are 300 spent and 500 reserved.
      expect(verdicts.filter(({ kind }) => (kind as string) === 'admitted')).toHaveLength(2)
    })

    it('waits for a replica that has died, but not for ever', async () => {
      await a.admit('a1', 100)
      await b.admit('b1', 200)
      b.die()
      await emptied()
      await expect
        .poll(
          () =>
            a.admit('new', 1).then(
              () => 'admitted',
              error => error.message,
            ),
          patience,
        )
        .toContain('summed up')
      clock.advance(5_001)
      expect(await counted(a)).toEqual({ used: 0, reserved: 100, calls: 1 })
    })

    it('refuses money, and says why, while a replica that lives cannot record', async () => {
      await b.admit('b1', 50)
      await b.end('b1', 40)
      await emptied()
      let over = false
      const refused = askedUntilTold().finally(() => {
        over = true
      })
      // Past every patience, by the clock that counts it, and no faster than b answers.
      for (let said = b.said; !over; said = b.said) {
        clock.advance(200)
        const answered = () => {
          clock.advance(5)
          return over || b.said > said
        }
        await expect.poll(answered, { ...patience, interval: 10 }).toBe(true)
      }
      expect(await refused).toContain('1 records wait for the database')
      b.drain()
      expect(await counted(a)).toMatchObject({ used: 40, reserved: 0 })
    })

    it('counts the same where Redis was rolled back to an older state', async () => {
      const redis: Redis = connectRedis({ url: new Secret(server.url), commandTimeoutMs: 20_000 })
      await isReady(redis, 20_000)
      const key = `atp:limits:1:{${tenant.id}}`
      await a.admit('a1', 100)
      const older = await redis.dumpBuffer(key)
      await b.admit('b1', 200)
      await a.admit('a2', 10)
      await a.end('a2', 10)
      a.drain()
      await redis.restore(key, 0, older as Buffer, 'REPLACE')
      expect(await counted(a)).toEqual({ used: 10, reserved: 300, calls: 3 })
      await b.end('b1', 200)
      await expect.poll(() => counted(a), patience).toEqual({ used: 210, reserved: 100, calls: 3 })
      redis.disconnect()
    })
  },
)
