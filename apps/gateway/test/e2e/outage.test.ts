import { describe, expect, it } from 'vitest'
import { NEVER_OPEN } from '../support/never-open.ts'
import { streams, ThreeProviders } from '../support/outage.ts'
import { post } from '../support/post.ts'

const REQUESTS = process.env.ATP_VERIFY === 'full' ? 20_000 : 2_000
const CLIENTS = 16
const BUDGET = { ratio: 0.2, min_per_second: 10 }
/** What the budget is counted over, in seconds. */
const WINDOW = 10

/** Retries that the budget allows for so many requests in so many seconds, whatever happens. */
function allowed(requests: number, seconds: number): number {
  return BUDGET.ratio * requests + BUDGET.min_per_second * (seconds + WINDOW)
}

describe('one of three providers', () => {
  it('fails, fails now and then, and stalls: clients see it in less than one request of a thousand, and retries keep to their budget', {
    timeout: 600_000,
  }, async () => {
    await using setup = await ThreeProviders.start({
      log: { level: 'error' },
      // It is tried again soon, so that it can fail again.
      routing: { reliability_half_life: '500ms' },
      breaker: { cooldown: '200ms' },
      upstream: { first_token_timeout: '2s', retry_budget: BUDGET },
    })
    const { control } = setup.providers[0] as (typeof setup.providers)[number]
    const startedAt = performance.now()
    let requests = 0
    const ask = async (count: number, what: string): Promise<void> => {
      requests += count
      const seen = await streams(setup.gateway, count, CLIENTS)
      const good = seen.get(200) ?? 0
      expect((count - good) / count, `${what}: ${JSON.stringify([...seen])}`).toBeLessThan(0.001)
    }
    for (const faults of [{ error_rate: 1 }, { error_rate: 0.3 }, { stall_rate: 1 }]) {
      control.setAccount('up', {})
      const before = setup.calls
      while (setup.calls.some((calls, index) => calls < (before[index] as number) + 20)) {
        await ask(100, 'all three at work')
      }
      const [healthy] = setup.calls
      control.setAccount('up', faults)
      await ask(REQUESTS, JSON.stringify(faults))
      expect(setup.calls[0]).toBeGreaterThan(healthy as number)
    }
    const seconds = (performance.now() - startedAt) / 1_000
    const retries = await setup.metric('atp_retries_total{kind="fallback"}')
    const calls = setup.calls.reduce((sum, one) => sum + one)
    expect(retries).toBeGreaterThan(0)
    expect(retries).toBeLessThanOrEqual(allowed(requests, seconds))
    // What the upstreams saw is what the gateway says.
    expect(calls).toBe(requests + retries)
    expect(await setup.metric('atp_retries_refused_total{kind="fallback"}')).toBe(0)
  })
})

describe('all three providers', () => {
  it('fail at once: what they are sent is not multiplied, and clients are told why nobody else was asked', {
    timeout: 600_000,
  }, async () => {
    await using setup = await ThreeProviders.start({
      log: { level: 'error' },
      // Without circuits, nothing else holds retries back.
      breaker: NEVER_OPEN,
      upstream: { retry_budget: BUDGET },
    })
    for (const { control } of setup.providers) control.setAccount('up', { error_rate: 1 })
    let requests = REQUESTS / 2
    const startedAt = performance.now()
    const seen = await streams(setup.gateway, requests, CLIENTS)
    expect([...seen]).toEqual([[502, requests]])
    const detail = async (): Promise<string> => {
      requests += 1
      const { body } = await post<{ detail: string }>(setup.gateway, '/v1/ask', { prompt: 'Hello?' })
      return body.detail
    }
    // A second may have made room for a few.
    await expect.poll(detail, { timeout: 60_000 }).toContain('the retry budget is spent')
    const seconds = (performance.now() - startedAt) / 1_000
    const calls = setup.calls.reduce((sum, one) => sum + one)
    const retries = await setup.metric('atp_retries_total{kind="fallback"}')
    expect(calls).toBe(requests + retries)
    expect(retries).toBeLessThanOrEqual(allowed(requests, seconds))
    expect(await setup.metric('atp_retries_refused_total{kind="fallback"}')).toBeGreaterThan(0)
  })
})
