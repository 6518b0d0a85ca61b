/** A tenant's own budget, seen through HTTP: it makes dear answers rarer long before it is spent. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { KeyedGateway } from '../support/keyed-gateway.ts'
import { completionOf, ScriptedUpstream } from '../support/scripted-upstream.ts'

/** An answer of 10 and 5 tokens: $0.002 and a hundredth of it. */
const MODELS = [
  {
    name: 'dear',
    input_usd_per_mtok: 100,
    output_usd_per_mtok: 200,
    quality_prior: { mean: 0.9, strength: 1_000 },
  },
  {
    name: 'cheap',
    input_usd_per_mtok: 1,
    output_usd_per_mtok: 2,
    quality_prior: { mean: 0.7, strength: 1_000 },
  },
].map(model => ({ ...model, expected_output_tokens: 5 }))
const DEAR_USD = 0.002
const REQUESTS = 60

/** Where a day has begun within the last hour. */
function zoneAtMidnight(): string {
  const hours = new Date().getUTCHours()
  return hours <= 12 ? `Etc/GMT+${hours}` : `Etc/GMT-${24 - hours}`
}

describe("a tenant's daily budget", () => {
  let upstream: ScriptedUpstream
  let gateway: KeyedGateway

  beforeAll(async () => {
    upstream = await ScriptedUpstream.start((_request, response) => {
      response.setHeader('content-type', 'application/json')
      response.end(JSON.stringify(completionOf('Hello.', { prompt_tokens: 10, completion_tokens: 5 })))
    })
    const adapter = { id: 'up', base_url: upstream.url, models: MODELS }
    gateway = await KeyedGateway.start({ config: { adapters: [adapter] } })
  })

  afterAll(async () => {
    await gateway[Symbol.asyncDispose]()
    await upstream[Symbol.asyncDispose]()
  })

  /** Which models answered, in turn, and what was left of the budget then, US dollars. */
  async function spend(id: string, budgetUsd: number) {
    const limits = [{ id: 'daily', scope: 'tenant', counts: 'cost_usd', per: 'day', amount: budgetUsd }]
    const { key } = await gateway.tenant(id, { limits, time_zone: zoneAtMidnight() })
    const models: unknown[] = []
    let leftUsd = budgetUsd
    for (let request = 0; request < REQUESTS; request++) {
      const body = { strategy: 'greedy', quality: { quality: 1, cost: 0, latency: 0 } }
      const answer = await gateway.ask(key, body)
      expect(answer.status, answer.text).toBe(200)
      models.push(answer.body.model)
      leftUsd = Number(/"tenant\/daily";r=(\d+)/.exec(answer.headers.get('ratelimit') ?? '')?.[1]) / 1e6
    }
    return { models, leftUsd }
  }

  const dearOf = (models: readonly unknown[]) => models.filter(model => model === 'up/dear').length

  it('asks the cheaper model more often once spending runs ahead of the day, with most of it left', async () => {
    // It pays for twice as many answers of the dear model, and a day for hundreds of times as many is to come.
    const { models, leftUsd } = await spend('ahead', 2 * REQUESTS * DEAR_USD)
    expect(dearOf(models.slice(0, 10))).toBe(10)
    expect(dearOf(models.slice(-20))).toBeLessThan(10)
    expect(leftUsd).toBeGreaterThan(REQUESTS * DEAR_USD)
  })

  it('that is plenty changes nothing', async () => {
    const { models } = await spend('ample', 100 * REQUESTS * DEAR_USD)
    expect(dearOf(models)).toBe(REQUESTS)
  })
})
