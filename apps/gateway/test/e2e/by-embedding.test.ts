/** Routing by what the prompt is about, as a client sees it: two topics whose other features are the same to the bit. */
import { featuresOf } from '@atp/domain/routing'
import { typescriptNative } from '@atp/native'
import { expect, it } from 'vitest'
import { SimulatedSetup } from '../support/simulated.ts'

/** Pairs of words of one length, and with hashes that name one place: nothing but what they mean tells them apart. */
const FLOWERS = ['petals', 'sepals', 'stamen', 'blossom', 'hedges', 'nectar', 'meadow', 'lilac']
const SPACE = ['nebula', 'quasar', 'orbits', 'booster', 'galaxy', 'comets', 'planet', 'pluto']
/** Good at flowers; good at space. */
const [GARDENER, PILOT] = ['alpha/sim-mini', 'beta/sim-chat'] as const
const ROUNDS = 40
const MODEL = 'sim-embedding'
const EMBEDDING = { ATP_ROUTING_EMBEDDING_MODEL: `alpha/${MODEL}`, ATP_ROUTING_STRATEGY: 'linthompson' }

interface PlanBody {
  readonly candidates: readonly {
    readonly arm: string
    readonly estimate: { readonly quality_mean: number }
  }[]
}

/** Each time without another word. */
const about = (words: readonly string[], round: number) =>
  words.filter((_, word) => word !== round % words.length).join(' ')

async function metricsOf({ gateway }: SimulatedSetup): Promise<string> {
  return (await fetch(`${gateway.url}/metrics`)).text()
}

async function teach(setup: SimulatedSetup): Promise<void> {
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const [words, expert] of [[FLOWERS, GARDENER] as const, [SPACE, PILOT] as const]) {
      for (const arm of [GARDENER, PILOT]) {
        const { status, body } = await setup.post<{ decision_id: string }>('/v1/ask', {
          prompt: about(words, round),
          allow: [arm],
          quality: { quality: 1, cost: 0, latency: 0 },
        })
        expect(status).toBe(200)
        const quality = arm === expert ? 1 : 0
        await setup.post('/v1/observe', { decision_id: body.decision_id, quality })
      }
    }
  }
}

/** What is expected of both, for a prompt that was not asked yet. */
async function expected(setup: SimulatedSetup, words: readonly string[]) {
  const { body } = await setup.post<PlanBody>('/v1/plan', {
    prompt: words.toReversed().join(' '),
    allow: [GARDENER, PILOT],
    quality: { quality: 1, cost: 0, latency: 0 },
  })
  const of = (arm: string) =>
    body.candidates.find(candidate => candidate.arm === arm)?.estimate.quality_mean ?? 0
  return { gardener: of(GARDENER), pilot: of(PILOT) }
}

it('sees nothing else that tells the topics apart', () => {
  for (let round = 0; round < FLOWERS.length; round += 1) {
    const [flowers, space] = [FLOWERS, SPACE].map(words => featuresOf(about(words, round), typescriptNative))
    expect(flowers).toEqual(space)
  }
})

it('learns by the embedding who is good at which topic', async () => {
  await using setup = await SimulatedSetup.start({ timeScale: 0, env: EMBEDDING })
  await teach(setup)
  const [flowers, space] = [await expected(setup, FLOWERS), await expected(setup, SPACE)]
  expect(flowers.gardener - flowers.pilot).toBeGreaterThan(0.2)
  expect(space.pilot - space.gardener).toBeGreaterThan(0.2)
  expect(await metricsOf(setup)).toMatch(/^atp_embeddings_total\{outcome="success"\} \d+$/m)
})

it('without an embedding model learns the mean of both topics, and calls nobody for more', async () => {
  await using setup = await SimulatedSetup.start({
    timeScale: 0,
    env: { ATP_ROUTING_STRATEGY: 'linthompson' },
  })
  await teach(setup)
  expect(await expected(setup, FLOWERS)).toEqual(await expected(setup, SPACE))
  expect(setup.provider.control.stats().models[MODEL]?.requests).toBe(0)
})

it('asks for no embedding where the strategy does not look at the prompt, or the client names the model', async () => {
  await using setup = await SimulatedSetup.start({ timeScale: 0, env: EMBEDDING })
  await setup.post('/v1/ask', { prompt: 'Hello?', strategy: 'thompson' })
  await setup.post('/v1/chat/completions', {
    model: GARDENER,
    messages: [{ role: 'user', content: 'Hello?' }],
  })
  expect(setup.provider.control.stats().models[MODEL]?.requests).toBe(0)
})

it('waits for an embedding that does not come no longer than its time-out, then no more at all', async () => {
  await using setup = await SimulatedSetup.start({
    timeScale: 0,
    env: { ...EMBEDDING, ATP_ROUTING_EMBEDDING_TIMEOUT: '150ms', ATP_BREAKER_FAILURES: '3' },
  })
  setup.provider.control.setModel(MODEL, { stall_rate: 1 })
  for (let n = 0; n < 5; n += 1) {
    const asked = performance.now()
    expect((await setup.post('/v1/ask', { prompt: `Hello ${n}?` })).status).toBe(200)
    // Ten times the time-out: it detects a hang.
    expect(performance.now() - asked).toBeLessThan(1_500)
  }
  const metrics = await metricsOf(setup)
  expect(metrics).toContain('atp_embeddings_total{outcome="timeout"} 3')
  expect(metrics).toContain('atp_embeddings_total{outcome="skipped"} 2')
  await expect.poll(() => setup.provider.control.stats().models[MODEL]?.in_flight).toBe(0)
})

it('keeps what is not learned by features when it begins to embed, and says what starts anew', async () => {
  const { mkdtempSync, rmSync } = await import('node:fs')
  const { tmpdir } = await import('node:os')
  const { join } = await import('node:path')
  const dataDir = mkdtempSync(join(tmpdir(), 'atp-embedding-test-'))
  try {
    {
      await using before = await SimulatedSetup.start({
        timeScale: 0,
        dataDir,
        env: { ATP_ROUTING_STRATEGY: 'linthompson' },
      })
      const { body } = await before.post<{ decision_id: string }>('/v1/ask', { prompt: 'Hello?' })
      await before.post('/v1/observe', { decision_id: body.decision_id, quality: 0 })
      expect(await before.gateway.end()).toBe(0)
    }
    await using after = await SimulatedSetup.start({ timeScale: 0, dataDir, env: EMBEDDING })
    expect(after.gateway.output).toContain('was learned by other features of prompts')
    expect((await after.post('/v1/ask', { prompt: 'Hello?' })).status).toBe(200)
    expect(await after.gateway.end()).toBe(0)
  } finally {
    rmSync(dataDir, { recursive: true })
  }
})
