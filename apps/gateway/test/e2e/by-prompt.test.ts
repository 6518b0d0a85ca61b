/** Routing by what the prompt looks like, and under a budget, as a client sees it. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { SimulatedSetup } from '../support/simulated.ts'

interface PlanBody {
  readonly strategy: string
  readonly candidates: readonly {
    readonly arm: string
    readonly excluded: readonly { readonly reason: string; readonly detail: string }[] | null
    readonly estimate: {
      readonly quality_mean: number
      readonly quality_alpha: number | null
      readonly quality_deviation: number | null
    }
  }[]
}

interface AskBody {
  readonly decision_id: string
  readonly model: string
  readonly cost_usd: number
}

const SUM = 'What is 17 * 23? Show each step.'
const STORY = 'Tell me a story of a lighthouse'

describe('a contextual strategy', () => {
  let setup: SimulatedSetup

  beforeAll(async () => {
    setup = await SimulatedSetup.start()
  })

  afterAll(() => setup[Symbol.asyncDispose]())

  const plan = async (prompt: string, strategy: string) => {
    const { status, body } = await setup.post<PlanBody>('/v1/plan', {
      prompt,
      strategy,
      decision_seed: 'fixed',
    })
    expect(status).toBe(200)
    return body
  }

  it.each(['linthompson', 'linucb'])('explains what it expects by the prompt: %s', async strategy => {
    const { candidates, ...answer } = await plan(SUM, strategy)
    expect(answer.strategy).toBe(strategy)
    for (const { estimate } of candidates) {
      expect(estimate.quality_alpha).toBeNull()
      expect(estimate.quality_deviation).toBeGreaterThan(0)
    }
  })

  it('learns from a judgement what the prompt looked like, and says so by prompt', async () => {
    const qualityOf = async (prompt: string, arm: string) =>
      (await plan(prompt, 'linthompson')).candidates.find(candidate => candidate.arm === arm)?.estimate
        .quality_mean as number
    const judged = await setup.post<AskBody>('/v1/ask', { prompt: SUM, strategy: 'linthompson' })
    const { decision_id, model } = judged.body
    const before = { sum: await qualityOf(SUM, model), story: await qualityOf(STORY, model) }
    await setup.post('/v1/observe', { decision_id, quality: 0 })
    const fallen = {
      sum: before.sum - (await qualityOf(SUM, model)),
      story: before.story - (await qualityOf(STORY, model)),
    }
    expect(fallen.sum).toBeGreaterThan(0)
    expect(fallen.sum).toBeGreaterThan(fallen.story)
  })
})

describe('a budget', () => {
  it('is kept by what is expected, and says whom it leaves out', async () => {
    await using setup = await SimulatedSetup.start({
      env: { ATP_ROUTING_BUDGET_USD_PER_REQUEST: '0.00001', ATP_ROUTING_STRATEGY: 'linthompson' },
    })
    const { body } = await setup.post<PlanBody>('/v1/plan', { prompt: STORY })
    const left = body.candidates.filter(({ excluded }) => excluded === null)
    const out = body.candidates.filter(({ excluded }) => excluded !== null)
    expect(left.length).toBeGreaterThan(0)
    expect(out.length).toBeGreaterThan(0)
    for (const { excluded } of out) {
      expect(excluded).toEqual([{ reason: 'budget', detail: expect.stringMatching(/^expected to cost \$/) }])
    }
    const models = new Set<string>()
    for (let n = 0; n < 20; n += 1) {
      models.add((await setup.post<AskBody>('/v1/ask', { prompt: `${STORY} ${n}` })).body.model)
    }
    expect([...models].every(model => left.some(({ arm }) => arm === model))).toBe(true)
  })
})
