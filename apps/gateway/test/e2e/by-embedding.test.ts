/** Routing by what the prompt is about, as a client sees it: two topics whose other features are the same to the bit. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { featuresOf } from '@atp/domain/routing'
import { typescriptNative } from '@atp/native'
import { expect, it } from 'vitest'
import { SimulatedSetup } from '../support/simulated.ts'

/** Pairs of words of one length, and with hashes that name one place: nothing but what they mean tells them apart. */
const FLOWERS = ['petals', 'sepals', 'stamen', 'blossom', 'hedges', 'nectar', 'meadow', 'lilac']
const SPACE = ['nebula', 'quasar', 'orbits', 'booster', 'galaxy', 'comets', 'planet', 'pluto']
/** Good at flowers; good at space. */
const [GARDENER, PILOT] = ['alpha/sim-mini', 'beta/sim-chat'] as const
const ROUNDS = 80
const MODEL = 'sim-embedding'
const EMBEDDING = { ATP_ROUTING_EMBEDDING_MODEL: `alpha/${MODEL}`, ATP_ROUTING_STRATEGY: 'linthompson' }

interface PlanBody {
  readonly model: string
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

/** The decision on a prompt that was not asked yet. */
async function plan(setup: SimulatedSetup, words: readonly string[], seed = 'fixed'): Promise<PlanBody> {
  const { status, body } = await setup.post<PlanBody>('/v1/plan', {
    prompt: words.toReversed().join(' '),
    allow: [GARDENER, PILOT],
    quality: { quality: 1, cost: 0, latency: 0 },
    decision_seed: seed,
  })
  expect(status).toBe(200)
  return body
}

/** How much more is expected of the gardener than of the pilot. */
async function lead(setup: SimulatedSetup, words: readonly string[]): Promise<number> {
  const { candidates } = await plan(setup, words)
  const of = (arm: string) => candidates.find(candidate => candidate.arm === arm)?.estimate.quality_mean ?? 0
  return of(GARDENER) - of(PILOT)
}

async function timesChosen(setup: SimulatedSetup, arm: string, words: readonly string[]): Promise<number> {
  const plans = await Promise.all(Array.from({ length: 40 }, (_, n) => plan(setup, words, `${n}`)))
  return plans.filter(({ model }) => model === arm).length
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
  expect(await lead(setup, FLOWERS)).toBeGreaterThan(0.1)
  expect(await lead(setup, SPACE)).toBeLessThan(-0.1)
  expect(await timesChosen(setup, GARDENER, FLOWERS)).toBeGreaterThan(30)
  expect(await timesChosen(setup, PILOT, SPACE)).toBeGreaterThan(30)
  expect(await metricsOf(setup)).toMatch(/^atp_embeddings_total\{outcome="success"\} \d+$/m)
})

it('without an embedding model learns the mean of both topics, and calls nobody for more', async () => {
  await using setup = await SimulatedSetup.start({
    timeScale: 0,
    env: { ATP_ROUTING_STRATEGY: 'linthompson' },
  })
  await teach(setup)
  expect(await lead(setup, FLOWERS)).toBe(await lead(setup, SPACE))
  expect(await timesChosen(setup, GARDENER, FLOWERS)).toBe(await timesChosen(setup, GARDENER, SPACE))
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
    // It detects a hang, on a loaded machine too: nobody but the time-out ends the wait.
    expect(performance.now() - asked).toBeLessThan(10_000)
  }
  const metrics = await metricsOf(setup)
  expect(metrics).toContain('atp_embeddings_total{outcome="timeout"} 3')
  expect(metrics).toContain('atp_embeddings_total{outcome="skipped"} 2')
  await expect.poll(() => setup.provider.control.stats().models[MODEL]?.in_flight).toBe(0)
})

it('keeps what is not learned by features when it begins to embed, and says what starts anew', async () => {
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
