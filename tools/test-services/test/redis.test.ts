import { Redis } from 'ioredis'
import { describe, expect, it } from 'vitest'
import { redisForTests, startRedis } from '../src/index.ts'
import { findRedis } from '../src/redis-server.ts'

const installed = findRedis() !== null
const suite = installed ? 'a throwaway Redis' : 'a throwaway Redis (skipped: none installed)'

describe.skipIf(!installed)(suite, () => {
  it('answers, comes back empty at the same address after a crash, and is gone in the end', async () => {
    const server = await startRedis()
    expect(await ask(server.url, client => client.set('kept', '1'))).toBe('OK')
    await server.halt()
    await expect(ask(server.url, client => client.get('kept'))).rejects.toThrow()
    await server.resume()
    expect(await ask(server.url, client => client.get('kept'))).toBeNull()
    await server.stop()
    await expect(ask(server.url, client => client.ping())).rejects.toThrow()
  })

  it('says nothing while it is paused, and can be stopped then', async () => {
    const server = await startRedis()
    const client = new Redis(server.url)
    await client.ping()
    server.pause()
    let answered = false
    const pong = client.ping().then(() => {
      answered = true
    })
    await expect(ask(server.url, other => other.ping(), 200)).rejects.toThrow()
    expect(answered).toBe(false)
    server.unpause()
    await pong
    client.disconnect()
    server.pause()
    await server.stop()
  })
})

describe('Redis for tests', () => {
  it('says why there is none', async () => {
    expect((await redisForTests({}, () => null)).missing).toMatch(/no Redis: none installed/)
  })

  it('takes the server that is given', async () => {
    const url = 'redis://given.example'
    expect(await redisForTests({ ATP_TEST_REDIS_URL: url })).toMatchObject({ missing: null, url })
  })
})

async function ask<Answer>(
  url: string,
  question: (client: Redis) => Promise<Answer>,
  commandTimeout = 10_000,
): Promise<Answer> {
  const client = new Redis(url, { commandTimeout, maxRetriesPerRequest: 0, retryStrategy: () => null })
  client.on('error', () => undefined)
  try {
    return await question(client)
  } finally {
    client.disconnect()
  }
}
