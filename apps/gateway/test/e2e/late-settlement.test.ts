/** A gateway that dies between its commit and its settlement: the next one tells the shared limits what was spent. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { redisForTests, startRedis } from '@atp/test-services'
import { afterAll, afterEach, describe, expect, it } from 'vitest'
import type { ReadinessReport } from '../../src/http/readiness.ts'
import { freshKey, KeyedGateway } from '../support/keyed-gateway.ts'
import { get } from '../support/post.ts'
import { completionOf, type Script } from '../support/scripted-upstream.ts'

const probe = await redisForTests()
const { missing } = probe
const opened: AsyncDisposable[] = []
const patience = { timeout: 30_000 }
/** An answer of 10 and 5 tokens at $1 and $2 a million. */
const COST_USD = 0.00002

afterEach(async () => {
  for (const each of opened.splice(0).reverse()) await each[Symbol.asyncDispose]()
})

afterAll(async () => {
  if (probe.missing === null) await probe.stop()
})

function opens<Each extends AsyncDisposable>(each: Each): Each {
  opened.push(each)
  return each
}

describe.skipIf(missing !== null)(
  `what was committed and not settled${missing === null ? '' : ` (skipped: ${missing})`}`,
  () => {
    it('is settled when the gateway starts again', async () => {
      const redis = await startRedis()
      opens({ [Symbol.asyncDispose]: () => redis.stop() })
      const dataDir = mkdtempSync(join(tmpdir(), 'atp-late-test-'))
      opens({ [Symbol.asyncDispose]: async () => rmSync(dataDir, { recursive: true, force: true }) })
      const held: (() => void)[] = []
      const script: Script = async (request, response) => {
        const { content } = (request.body.messages as { content: string }[])[0] as { content: string }
        if (content === 'Wait.') await new Promise<void>(resolve => held.push(resolve))
        response.setHeader('content-type', 'application/json')
        response.end(JSON.stringify(completionOf('Hello.', { prompt_tokens: 10, completion_tokens: 5 })))
      }
      // A lease that nobody sees expire here: only a settlement ends it.
      const env = { REDIS_URL: redis.url, ATP_LIMITS_TIMEOUT: '200ms', ATP_LIMITS_LEASE: '1h' }
      const options = { adminKey: freshKey(), dataDir, env, models: ['small'], script }
      const gateway = opens(await KeyedGateway.start(options))
      const money = { id: 'daily', scope: 'tenant', counts: 'cost_usd', per: 'day', amount: 0.001 }
      const rates = { id: 'rpm', scope: 'tenant', counts: 'requests', per: '1m', amount: 1_000 }
      const paying = await gateway.tenant('paying', { limits: [money], reserve: 'bound' })
      const other = await gateway.tenant('other', { limits: [rates] })
      /** Of its daily budget, as a request that has no room in it is told. */
      const budget = async (at: KeyedGateway) => {
        const { body } = await at.ask(paying.key, { max_output_tokens: 2_000 })
        return body.limit as { used: number; reserved: number } | undefined
      }

      expect((await gateway.ask(paying.key, { max_output_tokens: 50 })).status).toBe(200)
      const waiting = gateway.ask(paying.key, { prompt: 'Wait.', max_output_tokens: 50 })
      await expect.poll(() => held.length, patience).toBe(1)
      const before = await budget(gateway)
      expect(before?.reserved).toBeGreaterThan(COST_USD)

      // Once Redis is known to be away, nothing more is sent to it that it might read when it goes on.
      redis.pause()
      await expect
        .poll(async () => {
          await gateway.ask(other.key)
          const { body } = await get<ReadinessReport>(gateway, '/readyz')
          return body.checks.limits?.status
        }, patience)
        .toBe('degraded')
      held[0]?.()
      expect((await waiting).status).toBe(200)
      await gateway.gateway.end('SIGKILL')
      redis.unpause()

      const again = opens(await KeyedGateway.start(options))
      await expect.poll(async () => (await budget(again))?.reserved, patience).toBe(0)
      expect((await budget(again))?.used).toBeCloseTo(2 * COST_USD, 9)
    })
  },
)
