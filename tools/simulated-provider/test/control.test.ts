import { describe, expect, it } from 'vitest'
import { ask, start } from './start.ts'

const put = (url: string, path: string, body: string) =>
  fetch(`${url}/control/${path}`, { method: 'PUT', body })

describe('control over HTTP', () => {
  it('sets and heals the faults of a model and of an account', async () => {
    const { url, client } = await start()
    await put(url, 'models/sim-mini', '{"error_rate": 1}')
    await expect(client.chat.completions.create(ask('hi'))).rejects.toMatchObject({ status: 500 })
    const response = await put(url, 'models/sim-mini', '{}')
    expect(await response.json()).toMatchObject({ models: { 'sim-mini': { account: 'alpha', faults: {} } } })
    await expect(client.chat.completions.create(ask('hi'))).resolves.toBeDefined()
    await put(url, 'accounts/alpha', '{"rate_limit_rate": 1}')
    await expect(client.chat.completions.create(ask('hi'))).rejects.toMatchObject({ status: 429 })
    const state = await (await fetch(`${url}/control`)).json()
    expect(state).toMatchObject({ accounts: { alpha: { rate_limit_rate: 1 }, beta: {} } })
  })

  it.each([
    ['models/sim-mini', '{"error_rate": 2}', 400, 'error_rate'],
    ['models/sim-mini', '{"eror_rate": 1}', 400, 'eror_rate'],
    ['models/sim-mini', '{"drift": {"after": 1}}', 400, 'after'],
    ['models/sim-mini', '{', 400, 'JSON'],
    ['models/sim-huge', '{}', 404, 'sim-huge'],
    ['accounts/gamma', '{}', 404, 'gamma'],
  ])('refuses %s %s by name', async (path, body, status, named) => {
    const { url } = await start()
    const response = await put(url, path, body)
    expect(response.status).toBe(status)
    expect(((await response.json()) as { error: { message: string } }).error.message).toContain(named)
  })
})

describe('stats', () => {
  it('count requests, tokens and money by model', async () => {
    const { url, client } = await start({ models: { 'sim-large': { error_rate: 1 } } })
    const { usage } = await client.chat.completions.create(ask('hello'))
    await client.chat.completions.create(ask('hello', 'sim-large')).catch(() => {})
    const { models, total } = (await (await fetch(`${url}/control/stats`)).json()) as {
      models: Record<string, object>
      total: object
    }
    const billed = (Number(usage?.prompt_tokens) * 0.25 + Number(usage?.completion_tokens) * 2) / 1_000_000
    expect(models['sim-mini']).toEqual({
      requests: 1,
      completed: 1,
      faults: 0,
      aborted_by_client: 0,
      in_flight: 0,
      prompt_tokens: usage?.prompt_tokens,
      completion_tokens: usage?.completion_tokens,
      billed_usd: billed,
    })
    expect(models['sim-large']).toMatchObject({ requests: 1, completed: 0, faults: 1, billed_usd: 0 })
    expect(total).toMatchObject({ requests: 2, completed: 1, faults: 1 })
  })

  it('show that a client’s abort reached the upstream', async () => {
    const slow = { 'sim-mini': { token_time_factor: 1000 } }
    const { client, control } = await start({ timeScale: 1, models: slow })
    const stream = await client.chat.completions.create({ ...ask('hello'), stream: true })
    for await (const _ of stream) break
    await expect
      .poll(() => control.stats().models['sim-mini'])
      .toMatchObject({
        requests: 1,
        completed: 0,
        aborted_by_client: 1,
        in_flight: 0,
      })
  })
})
