import { randomUUID } from 'node:crypto'
import { Secret } from '@atp/core/secret'
import { redisForTests } from '@atp/test-services'
import type { Redis } from 'ioredis'
import { afterAll, afterEach, describe, expect, it } from 'vitest'
import { connectRedis, isReady } from '../../src/redis/connect.ts'
import { ReplicaCount } from '../../src/redis/replica-count.ts'

const PATIENT_MS = 20_000

const server = await redisForTests()
const connect = (url: string): Redis => connectRedis({ url: new Secret(url), commandTimeoutMs: PATIENT_MS })
const redis = server.missing === null ? connect(server.url) : null
if (redis !== null) await isReady(redis, PATIENT_MS)

afterAll(async () => {
  redis?.disconnect()
  if (server.missing === null) await server.stop()
})

describe.skipIf(redis === null)('the number of replicas', () => {
  const counts: ReplicaCount[] = []
  let now = 0

  afterEach(() => {
    for (const count of counts.splice(0)) count.stop()
  })

  async function started(prefix: string, floor?: number, to = redis as Redis): Promise<ReplicaCount> {
    const count = new ReplicaCount(to, prefix, randomUUID(), () => now, floor)
    counts.push(count)
    await count.start()
    return count
  }

  it('is how many say that they live', async () => {
    const prefix = `test/${randomUUID()}`
    const first = await started(prefix)
    expect(first.known).toBe(1)
    await started(prefix)
    expect((await started(prefix)).known).toBe(3)
    await expect.poll(() => first.known, { timeout: PATIENT_MS }).toBe(3)
  })

  it('goes on with those that were there until they have been missing for some seconds', async () => {
    const prefix = `test/${randomUUID()}`
    const first = await started(prefix)
    await started(prefix)
    await started(prefix)
    await expect.poll(() => first.others.length, { timeout: PATIENT_MS }).toBe(2)
    for (const other of counts.splice(1)) other.stop()
    await redis?.del(`${prefix}:replicas`)
    await expect.poll(() => first.known, { timeout: PATIENT_MS }).toBe(1)
    expect(first.others).toHaveLength(2)
    const passing = setInterval(() => {
      now += 400
    }, 300)
    await expect.poll(() => first.others, { timeout: PATIENT_MS }).toEqual([])
    clearInterval(passing)
  })

  it('is at least as many as are said to be there, whoever came first, and where Redis never answered', async () => {
    const prefix = `test/${randomUUID()}`
    expect((await started(prefix, 2)).known).toBe(2)
    await started(prefix, 2)
    expect((await started(prefix, 2)).known).toBe(3)
    const away = connect('redis://127.0.0.1:1')
    expect((await started(prefix, 4, away)).known).toBe(4)
    away.disconnect()
  })
})
