/** Several gateways on one Redis: what one was taught, the others know. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { redisForTests, startRedis } from '@atp/test-services'
import { afterAll, afterEach, describe, expect, it } from 'vitest'
import { GatewayProcess } from '../support/gateway-process.ts'
import { get, post } from '../support/post.ts'
import { completionOf, configFor, ScriptedUpstream } from '../support/scripted-upstream.ts'

const probe = await redisForTests()
const opened: AsyncDisposable[] = []
const data = mkdtempSync(join(tmpdir(), 'atp-replicas-test-'))

afterEach(async () => {
  for (const each of opened.splice(0).reverse()) await each[Symbol.asyncDispose]()
})

afterAll(async () => {
  if (probe.missing === null) await probe.stop()
  rmSync(data, { recursive: true, force: true })
})

interface Planned {
  readonly candidates: readonly {
    readonly arm: string
    readonly estimate: {
      readonly quality_mean: number
      readonly quality_alpha: number
      readonly quality_beta: number
    }
  }[]
}

interface Answered {
  readonly decision_id: string
}

/** Its own server: it is halted and paused here. */
async function begin() {
  const redis = await startRedis()
  opened.push({ [Symbol.asyncDispose]: () => redis.stop() })
  const upstream = await ScriptedUpstream.start((_request, response) => {
    response.setHeader('content-type', 'application/json')
    response.end(JSON.stringify(completionOf('Hello.', { prompt_tokens: 10, completion_tokens: 5 })))
  })
  opened.push(upstream)
  let dirs = 0
  const start = async (
    dataDir = join(data, `${process.hrtime.bigint()}-${dirs++}`),
    routing: Readonly<Record<string, unknown>> = {},
  ) => {
    const gateway = await GatewayProcess.start({
      config: {
        ...configFor(upstream, ['a', 'b']),
        routing: { half_life: 'never', ...routing },
        redis: { exchange_interval: '50ms' },
        observation: { snapshot_interval: '100ms' },
      },
      env: { REDIS_URL: redis.url },
      dataDir,
    })
    opened.push(gateway)
    return { gateway, dataDir }
  }
  return { redis, start }
}

async function judge(
  gateway: GatewayProcess,
  model: string,
  quality: number,
  times: number,
  task?: string,
): Promise<void> {
  for (let time = 0; time < times; time++) {
    const question = { prompt: 'Hello?', allow: [`up/${model}`], task }
    const asked = await post<Answered>(gateway, '/v1/ask', question)
    expect(asked.status).toBe(200)
    const judged = await post(gateway, '/v1/observe', { decision_id: asked.body.decision_id, quality })
    expect(judged.status).toBe(202)
  }
}

/** Judged answers of a model that a gateway knows of: what its posterior has beyond its prior. */
async function knownOf(gateway: GatewayProcess, model: string): Promise<number> {
  const { body } = await post<Planned>(gateway, '/v1/plan', { prompt: 'Hello?' })
  const estimate = body.candidates.find(({ arm }) => arm === `up/${model}`)?.estimate
  if (estimate === undefined) throw new Error(`no candidate ${model}`)
  const prior = 2
  return Math.round((estimate.quality_alpha + estimate.quality_beta - prior) * 1e6) / 1e6
}

/** What is expected of a model's answers to a task, in percent. */
async function expectedOf(gateway: GatewayProcess, task: string, model: string): Promise<number> {
  const question = { prompt: 'Hello?', task, strategy: 'greedy' }
  const { body } = await post<Planned>(gateway, '/v1/plan', question)
  const estimate = body.candidates.find(({ arm }) => arm === `up/${model}`)?.estimate
  return Math.round(1e8 * (estimate?.quality_mean as number)) / 1e6
}

/**
 * What is to be expected, in percent, by a task's own successes and failures, where all tasks have 20 of each: the others count for
 * no more than 20 (docs/decisions/contexts-start-from-all.md).
 */
function pooled(successes: number, failures: number): number {
  const prior = { alpha: 1.4, beta: 0.6 }
  const [alpha, beta] = [prior.alpha + 20 - successes, prior.beta + 20 - failures]
  const share = 20 / (alpha + beta)
  const mean = (alpha * share + successes) / (20 + successes + failures)
  return Math.round(1e8 * mean) / 1e6
}

/** The model that a task is sent to. */
async function bestFor(gateway: GatewayProcess, task: string): Promise<string | undefined> {
  const question = {
    prompt: 'Hello?',
    task,
    strategy: 'greedy',
    quality: { quality: 1, cost: 0, latency: 0 },
  }
  return (await post<Planned>(gateway, '/v1/plan', question)).body.candidates[0]?.arm
}

/** On the whole `a` is the better one, and for the task `b` is. */
async function teach(gateway: GatewayProcess, task: string): Promise<void> {
  await judge(gateway, 'a', 1, 60)
  await judge(gateway, 'b', 0.5, 20)
  await judge(gateway, 'a', 0, 15, task)
  await judge(gateway, 'b', 1, 15, task)
}

const readiness = async (gateway: GatewayProcess) =>
  (await get<{ status: string }>(gateway, '/readyz')).body.status

const patience = { timeout: 30_000 }

describe.skipIf(probe.missing !== null)(
  `gateways on one Redis${probe.missing === null ? '' : ` (skipped: ${probe.missing})`}`,
  () => {
    it('know what any of them was taught, and a new one begins with it', async () => {
      const { start } = await begin()
      const [one, other] = [(await start()).gateway, (await start()).gateway]
      await judge(one, 'a', 1, 5)
      await judge(other, 'a', 0, 3)
      await judge(other, 'b', 1, 2)
      for (const gateway of [one, other]) {
        await expect.poll(() => knownOf(gateway, 'a'), patience).toBe(8)
        await expect.poll(() => knownOf(gateway, 'b'), patience).toBe(2)
      }
      const { gateway: newcomer } = await start()
      expect([await knownOf(newcomer, 'a'), await knownOf(newcomer, 'b')]).toEqual([8, 2])
    })

    it('count what one of them learned once, also when it was killed and comes back', async () => {
      const { start } = await begin()
      const { gateway: other } = await start()
      const { gateway: one, dataDir } = await start()
      await judge(one, 'a', 1, 6)
      await expect.poll(() => knownOf(other, 'a'), patience).toBe(6)
      await judge(one, 'a', 1, 1)
      await one.end('SIGKILL')
      const { gateway: again } = await start(dataDir)
      for (const gateway of [again, other]) await expect.poll(() => knownOf(gateway, 'a'), patience).toBe(7)
      await judge(again, 'a', 1, 1)
      expect(await again.end('SIGTERM')).toBe(0)
      await expect.poll(() => knownOf(other, 'a'), patience).toBe(8)
    })

    it('learn alone while Redis is away, degraded but ready, and together again afterwards, though it comes back empty', async () => {
      const { redis, start } = await begin()
      const [one, other] = [(await start()).gateway, (await start()).gateway]
      await judge(one, 'a', 1, 4)
      await expect.poll(() => knownOf(other, 'a'), patience).toBe(4)
      await redis.halt()
      for (const gateway of [one, other])
        await expect.poll(() => readiness(gateway), patience).toBe('degraded')
      await judge(one, 'a', 1, 3)
      await judge(other, 'a', 0, 2)
      expect([await knownOf(one, 'a'), await knownOf(other, 'a')]).toEqual([7, 6])
      await redis.resume()
      for (const gateway of [one, other]) {
        await expect.poll(() => knownOf(gateway, 'a'), patience).toBe(9)
        await expect.poll(() => readiness(gateway), patience).toBe('ok')
      }
    })

    it('start without Redis, from their own journal, and join when it comes', async () => {
      const { redis, start } = await begin()
      const { gateway: one, dataDir } = await start()
      const { gateway: other } = await start()
      await judge(one, 'a', 1, 3)
      await expect.poll(() => knownOf(other, 'a'), patience).toBe(3)
      await one.end('SIGKILL')
      redis.pause()
      const { gateway: again } = await start(dataDir)
      expect(await knownOf(again, 'a')).toBe(3)
      await judge(again, 'a', 1, 2)
      redis.unpause()
      for (const gateway of [again, other]) await expect.poll(() => knownOf(gateway, 'a'), patience).toBe(5)
    })

    it('send a task where any of them was taught to send it, also after that one was killed and is back', async () => {
      const { start } = await begin()
      const { gateway: other } = await start()
      const { gateway: one, dataDir } = await start()
      await teach(one, 'code')
      expect([await bestFor(one, 'code'), await bestFor(one, 'summary')]).toEqual(['up/b', 'up/a'])
      await expect.poll(() => bestFor(other, 'code'), patience).toBe('up/b')
      expect(await bestFor(other, 'summary')).toBe('up/a')
      const before = await expectedOf(one, 'code', 'b')
      await judge(one, 'b', 0, 3, 'code')
      await one.end('SIGKILL')
      const { gateway: again } = await start(dataDir)
      await expect.poll(() => expectedOf(again, 'code', 'b'), patience).toBeLessThan(before)
      const taught = await expectedOf(again, 'code', 'b')
      await expect.poll(() => expectedOf(other, 'code', 'b'), patience).toBe(taught)
      await judge(other, 'b', 1, 5, 'code')
      const after = await expectedOf(other, 'code', 'b')
      await expect.poll(() => expectedOf(again, 'code', 'b'), patience).toBe(after)
    })

    it('know what tasks were taught that had to leave memory, once', async () => {
      const { start } = await begin()
      const { gateway: one, dataDir } = await start(undefined, { contexts: 1 })
      const { gateway: other } = await start(undefined, { contexts: 1 })
      const roomy = (await start()).gateway
      for (let time = 0; time < 5; time++) {
        for (const gateway of [one, other]) {
          await judge(gateway, 'a', 0, 2, 'code')
          await judge(gateway, 'a', 1, 2, 'summary')
        }
      }
      const expected = async (gateway: GatewayProcess) => [
        await expectedOf(gateway, 'code', 'a'),
        await expectedOf(gateway, 'summary', 'a'),
      ]
      await expect.poll(() => expected(roomy), patience).toEqual([pooled(0, 20), pooled(20, 0)])
      await one.end('SIGKILL')
      const { gateway: again } = await start(dataDir, { contexts: 1 })
      for (const gateway of [again, other]) {
        await expect.poll(() => expectedOf(gateway, 'code', 'a'), patience).toBe(pooled(0, 20))
        await expect.poll(() => expectedOf(gateway, 'summary', 'a'), patience).toBe(pooled(20, 0))
      }
    })
  },
)
