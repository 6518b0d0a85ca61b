/** What routing must not do, as a client sees it: explore beyond a cap, give a canary more than its share, go below a floor. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, it } from 'vitest'
import { GatewayProcess, runAtp } from '../support/gateway-process.ts'
import { post } from '../support/post.ts'
import { completionOf, configFor, ScriptedUpstream } from '../support/scripted-upstream.ts'

const opened: AsyncDisposable[] = []

afterEach(async () => {
  for (const resource of opened.splice(0).reverse()) await resource[Symbol.asyncDispose]()
})

/** @param models by name, with what differs in their configuration */
async function gatewayWith(
  models: Readonly<Record<string, object>>,
  routing: object = {},
  options: { readonly dataDir?: string } = {},
): Promise<GatewayProcess> {
  const upstream = await ScriptedUpstream.start((_request, response) => {
    response.setHeader('content-type', 'application/json')
    response.end(JSON.stringify(completionOf('a', { prompt_tokens: 1, completion_tokens: 1 })))
  })
  opened.push(upstream)
  const config = configFor(upstream, Object.keys(models))
  const adapters = config.adapters.map(adapter => ({
    ...adapter,
    models: adapter.models.map(model => ({ ...model, ...models[model.name] })),
  }))
  const gateway = await GatewayProcess.start({ config: { adapters, routing }, ...options })
  opened.push(gateway)
  return gateway
}

const believed = (mean: number, strength = 20) => ({ quality_prior: { mean, strength } })

/** Which models answered. */
async function asked(
  gateway: GatewayProcess,
  requests: number,
  extra: object = {},
): Promise<readonly string[]> {
  const models: string[] = []
  for (let n = 0; n < requests; n += 1) {
    const { body } = await post<{ model: string }>(gateway, '/v1/ask', { prompt: 'hi', ...extra })
    models.push(body.model)
  }
  return models
}

it('a canary gets its share of the requests and no more, and says so in a plan', async () => {
  const gateway = await gatewayWith({ old: believed(0.5), new: { ...believed(0.95), canary_share: 0.1 } })
  const { body } = await post<{ candidates: unknown[] }>(gateway, '/v1/plan', { prompt: 'hi' })
  expect(JSON.stringify(body.candidates)).toContain('canary that has had its share')
  const models = await asked(gateway, 100)
  expect(models.filter(model => model === 'up/new').length).toBe(9)
})

it('exploration keeps within its cap', async () => {
  const gateway = await gatewayWith(
    { good: believed(0.6, 2), other: believed(0.5, 2) },
    { exploration: 0.5, exploration_cap: 0.1 },
  )
  const models = await asked(gateway, 100)
  const explored = models.filter(model => model !== 'up/good').length
  expect(explored).toBeGreaterThan(5)
  expect(explored).toBeLessThanOrEqual(10)
})

it('nobody below the floor answers: of the request, its header, or its preset', async () => {
  const models = { good: believed(0.9), cheap: believed(0.6) }
  const gateway = await gatewayWith(models, { quality: 'fast', quality_floors: { fast: 0.7, high: 0.95 } })
  expect(new Set(await asked(gateway, 10))).toEqual(new Set(['up/good']))
  expect(new Set(await asked(gateway, 10, { model: 'cheap' }))).toEqual(new Set(['up/cheap']))
  expect(new Set(await asked(gateway, 10, { min_quality: 0.1, allow: ['cheap'] }))).toEqual(
    new Set(['up/cheap']),
  )
  const none = await post(gateway, '/v1/ask', { prompt: 'hi', quality: 'high' })
  expect(none.status).toBe(422)
  expect(none.text).toContain('quality is expected at 0.60, the floor is 0.95')
  const chat = { model: 'auto', messages: [{ role: 'user', content: 'hi' }] }
  const byHeader = await fetch(`${gateway.url}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-atp-min-quality': '0.99' },
    body: JSON.stringify(chat),
  })
  expect(byHeader.status).toBe(422)
  const wrong = await post(gateway, '/v1/chat/completions', { ...chat, atp: { min_quality: 2 } })
  expect(wrong.status).toBe(400)
  expect(wrong.text).toContain('min_quality')
})

it('a shadow strategy decides beside the one that is followed, and is judged from the record', async () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'atp-shadow-'))
  opened.push({ [Symbol.asyncDispose]: async () => rmSync(dataDir, { recursive: true }) })
  const models = { good: believed(0.6, 2), other: believed(0.5, 2) }
  const routing = { strategy: 'greedy', exploration: 0.5, shadow_strategy: 'linucb' }
  const gateway = await gatewayWith(models, routing, { dataDir })
  const { body } = await post<{ shadow: unknown; strategy: string }>(gateway, '/v1/plan', { prompt: 'hi' })
  expect(body).toMatchObject({ strategy: 'greedy', shadow: { strategy: 'linucb' } })
  for (let n = 0; n < 20; n += 1) {
    const answer = await post<{ decision_id: string }>(gateway, '/v1/ask', { prompt: 'hi' })
    await post(gateway, '/v1/observe', { decision_id: answer.body.decision_id, quality: 0.5 })
  }
  const { code, output } = await runAtp(['replay', '--json'], { dataDir })
  expect(code, output).toBe(0)
  const report = JSON.parse(output) as { usable: number; policies: { policy: string }[] }
  expect(report.usable).toBe(20)
  expect(report.policies.map(({ policy }) => policy)).toContain('shadow')
})
