/** Each task of a tenant learns its own best model, through the public door: over evictions, stops and kills. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { SimulatedSetup } from '../support/simulated.ts'

/** What each task is best served by. */
const BEST: Readonly<Record<string, string>> = { summary: 'alpha/sim-mini', code: 'beta/sim-chat' }
const WEIGHTS = { quality: 1, cost: 0, latency: 0 }

const opened: AsyncDisposable[] = []
const folders: string[] = []

afterEach(async () => {
  for (const resource of opened.splice(0).reverse()) await resource[Symbol.asyncDispose]()
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true })
})

interface PlanBody {
  readonly model: string
  readonly candidates: readonly {
    readonly arm: string
    readonly estimate: { readonly quality_mean: number; readonly quality_alpha: number | null }
  }[]
}

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'atp-tasks-'))
  folders.push(path)
  return path
}

async function start(env: Readonly<Record<string, string>> = {}, dataDir = folder()) {
  const setup = await SimulatedSetup.start({
    timeScale: 0,
    dataDir,
    env: { ATP_ROUTING_HALF_LIFE: 'never', ATP_OBSERVATION_SNAPSHOT_INTERVAL: '200ms', ...env },
  })
  opened.push(setup)
  const plan = async (task: string, strategy: string) => {
    const question = { prompt: 'Hello?', task, strategy, quality: WEIGHTS }
    return (await setup.post<PlanBody>('/v1/plan', question)).body
  }
  return {
    gateway: setup.gateway,
    /** Asks and judges. @returns whether it got the task's best model */
    async use(task: string, strategy: string): Promise<boolean> {
      const question = { prompt: 'Hello?', task, strategy, quality: WEIGHTS }
      const { body } = await setup.post<{ model: string; decision_id: string }>('/v1/ask', question)
      const isBest = body.model === BEST[task]
      await setup.post('/v1/observe', { decision_id: body.decision_id, quality: isBest ? 1 : 0.2 })
      return isBest
    },
    plan,
    /** What is expected of each model, in percent: what a task's own experience makes of it. */
    async expected(task: string): Promise<Record<string, number>> {
      const { candidates } = await plan(task, 'greedy')
      return Object.fromEntries(
        candidates.map(({ arm, estimate }) => [arm, Math.round(1e8 * estimate.quality_mean)]),
      )
    },
    async metric(name: string): Promise<number> {
      const text = await (await fetch(`${setup.gateway.url}/metrics`)).text()
      return Number(new RegExp(`^${name} (.*)$`, 'm').exec(text)?.[1])
    },
  }
}

type Running = Awaited<ReturnType<typeof start>>

/** Until two of three of the last requests got the best model. @returns the requests that it took */
async function learn({ use }: Running, tasks: readonly string[], strategy = 'thompson'): Promise<number> {
  const latest: boolean[] = []
  for (let requests = 1; ; requests += 1) {
    latest.push(await use(tasks[requests % tasks.length] as string, strategy))
    if (latest.length > 30 * tasks.length) latest.shift()
    if (latest.length === 30 * tasks.length && latest.filter(Boolean).length >= 20 * tasks.length)
      return requests
    if (requests > 1_500) throw new Error(`nothing was learned in ${requests} requests`)
  }
}

describe('tasks that want different models', { timeout: 180_000 }, () => {
  it.each(['thompson', 'linthompson'])(
    'each get their own within a few hundred requests: %s',
    async strategy => {
      const running = await start()
      expect(await learn(running, ['summary', 'code'], strategy)).toBeLessThan(600)
      expect(
        (await running.plan('summary', strategy === 'thompson' ? 'greedy' : strategy)).model,
      ).toBeDefined()
      expect(await running.metric('atp_contexts')).toBe(2)
    },
  )

  it.each(['SIGTERM', 'SIGKILL'] as const)('keep what they learned over %s', async signal => {
    const dataDir = folder()
    const first = await start({}, dataDir)
    await learn(first, ['summary', 'code'])
    const before = [await first.expected('summary'), await first.expected('code')]
    await first.gateway.end(signal)
    const second = await start({}, dataDir)
    await expect.poll(() => second.expected('summary'), { timeout: 30_000 }).toEqual(before[0])
    await expect.poll(() => second.expected('code'), { timeout: 30_000 }).toEqual(before[1])
    expect((await second.plan('summary', 'greedy')).model).toBe(BEST.summary)
    expect((await second.plan('code', 'greedy')).model).toBe(BEST.code)
  })

  it('keep what they learned where only one of them fits into memory, over kill -9', async () => {
    const dataDir = folder()
    const roomy = await start({}, dataDir)
    await learn(roomy, ['summary', 'code'])
    const before = { summary: await roomy.expected('summary'), code: await roomy.expected('code') }
    await roomy.gateway.end('SIGKILL')
    const narrow = await start({ ATP_ROUTING_CONTEXTS: '1' }, dataDir)
    for (const task of ['summary', 'code', 'summary', 'code'] as const) {
      await expect.poll(() => narrow.expected(task), { timeout: 30_000 }).toEqual(before[task])
    }
    expect(await narrow.metric('atp_contexts')).toBe(1)
    expect(await narrow.metric('atp_context_evictions_total')).toBeGreaterThanOrEqual(3)
    expect(await narrow.metric('atp_context_failures_total')).toBe(0)
    // Each request needs the other one's place, and what it teaches is spilled.
    for (let k = 0; k < 40; k += 1) await narrow.use(k % 2 === 0 ? 'summary' : 'code', 'thompson')
    await narrow.gateway.end('SIGKILL')
    const again = await start({ ATP_ROUTING_CONTEXTS: '1' }, dataDir)
    for (const task of ['summary', 'code']) {
      await expect
        .poll(async () => (await again.plan(task, 'greedy')).model, { timeout: 30_000 })
        .toBe(BEST[task])
    }
  })

  it('can be named in a header', async () => {
    const running = await start()
    const response = await fetch(`${running.gateway.url}/v1/chat/completions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-atp-task': 'support/triage' },
      body: JSON.stringify({ model: 'auto', messages: [{ role: 'user', content: 'Hello?' }] }),
    })
    expect(response.status).toBe(200)
    expect(await running.metric('atp_contexts')).toBe(1)
    expect(await running.metric('atp_context_misses_total')).toBe(1)
  })
})
