import { expect, it } from 'vitest'
import { streams, ThreeProviders } from '../support/outage.ts'
import { post } from '../support/post.ts'

const BODY = { model: 'auto', stream: true, messages: [{ role: 'user', content: 'Say hello.' }] }

it('a stream whose model stalls comes from a second one; the first is cancelled, and pays for the prompt', {
  timeout: 300_000,
}, async () => {
  await using setup = await ThreeProviders.start({
    log: { level: 'error' },
    upstream: {
      // Nobody would wait so long.
      first_token_timeout: '10m',
      hedge: { enabled: true, after_at_least: '50ms', min_answers: 20, max_share: 1 },
    },
  })
  const [stalled] = setup.providers as [(typeof setup.providers)[number]]
  const cancelled = () => setup.metric('atp_attempts_total{arm="one/one",outcome="cancelled"}')
  const inputTokens = () => setup.metric('atp_tokens_total{arm="one/one",direction="input"}')
  // Until enough is known of each.
  while (Math.min(...setup.calls) < 25) await streams(setup.gateway, 50, 8)
  stalled.control.setAccount('up', { stall_rate: 1 })
  const before = { cancelled: await cancelled(), inputTokens: await inputTokens() }

  const ask = () => post(setup.gateway, '/v1/chat/completions', BODY)
  let answered = await ask()
  while (stalled.control.stats().total.aborted_by_client === 0) answered = await ask()

  expect(answered.status).toBe(200)
  expect(answered.text).toMatch(/data: \[DONE\]\n\n$/)
  expect(answered.headers.get('x-atp-hedged')).toBe('true')
  expect(answered.headers.get('x-atp-attempts')).toBe('2')
  expect(answered.headers.get('x-atp-model')).toMatch(/^(two\/two|three\/three)$/)
  expect(await setup.metric('atp_hedges_total{answered="second"}')).toBeGreaterThan(0)
  expect(await setup.metric('atp_retries_total{kind="hedge"}')).toBeGreaterThan(0)
  expect((await cancelled()) - before.cancelled).toBe(1)
  expect(await inputTokens()).toBeGreaterThan(before.inputTokens)
  // It has not failed.
  expect(await setup.metric('atp_circuit_open{adapter="one"}')).toBe(0)
  for (const outcome of ['error', 'timeout', 'cut']) {
    expect(await setup.metric(`atp_attempts_total{arm="one/one",outcome="${outcome}"}`)).toBe(0)
  }
})
