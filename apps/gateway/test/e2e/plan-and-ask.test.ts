import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { SimulatedSetup } from '../support/simulated.ts'

let setup: SimulatedSetup

beforeAll(async () => {
  setup = await SimulatedSetup.start()
})

afterAll(() => setup[Symbol.asyncDispose]())

interface PlanBody {
  readonly decision_seed: string
  readonly model: string
  readonly candidates: readonly {
    readonly arm: string
    readonly score: number | null
    readonly terms: { readonly quality: number; readonly cost: number; readonly latency: number } | null
    readonly excluded: readonly { readonly reason: string; readonly detail: string }[] | null
  }[]
}

interface AskBody {
  readonly decision_id: string
  readonly model: string
  readonly text: string
  readonly cost_usd: number
  readonly usage: { readonly output_tokens: number }
}

const prompt = 'Summarise the plot of Hamlet in two sentences.'

describe('plan', () => {
  it('explains every candidate: the terms add up to the score, best first', async () => {
    const { status, body } = await setup.post<PlanBody>('/v1/plan', { prompt })
    expect(status).toBe(200)
    expect(body.candidates.length).toBeGreaterThan(3)
    expect(body.model).toBe(body.candidates[0]?.arm)
    const scores = body.candidates.map(({ score, terms }) => {
      const sum = (terms?.quality ?? 0) - (terms?.cost ?? 0) - (terms?.latency ?? 0)
      expect(score).toBeCloseTo(sum, 12)
      return score as number
    })
    expect(scores).toEqual([...scores].sort((a, b) => b - a))
  })

  it.each(['thompson', 'ucb', 'swucb', 'greedy'])(
    'decides what ask then does, by the same seed: %s',
    async strategy => {
      for (let round = 0; round < 20; round++) {
        const question = { prompt, strategy, decision_seed: `seed ${round}` }
        const plan = await setup.post<PlanBody>('/v1/plan', question)
        const answer = await setup.post<AskBody>('/v1/ask', question)
        expect(answer.body.model).toBe(plan.body.model)
      }
    },
  )

  it('consumes nothing: asked again it says the same to the last digit', async () => {
    const question = { prompt, decision_seed: 'again' }
    // Evidence fades each second, perhaps between the two.
    await vi.waitFor(async () => {
      const first = await setup.post<PlanBody>('/v1/plan', question)
      for (let times = 0; times < 50; times++) await setup.post('/v1/plan', { prompt })
      expect(await setup.post<PlanBody>('/v1/plan', question)).toEqual(first)
    }, 30_000)
  })

  it('with its own seed, given back, lets ask follow it', async () => {
    const plan = await setup.post<PlanBody>('/v1/plan', { prompt })
    const answer = await setup.post<AskBody>('/v1/ask', { prompt, decision_seed: plan.body.decision_seed })
    expect(answer.body.model).toBe(plan.body.model)
  })

  it('draws differently for different seeds', async () => {
    const models = new Set<string>()
    for (let round = 0; round < 60; round++) {
      models.add(
        (await setup.post<PlanBody>('/v1/plan', { prompt, decision_seed: String(round) })).body.model,
      )
    }
    expect(models.size).toBeGreaterThan(1)
  })
})

describe('constraints', () => {
  const reasonsOf = (body: PlanBody): Record<string, readonly string[]> =>
    Object.fromEntries(
      body.candidates.map(({ arm, excluded }) => [arm, (excluded ?? []).map(({ reason }) => reason)]),
    )

  it('exclude by name, and say why', async () => {
    const { body } = await setup.post<PlanBody>('/v1/plan', {
      prompt,
      deny: ['sim-nano'],
      allow: ['sim-nano', 'sim-large'],
    })
    const reasons = reasonsOf(body)
    expect(reasons['alpha/sim-nano']).toEqual(['denied'])
    expect(reasons[body.model]).toEqual([])
    expect(body.model).toContain('sim-large')
    expect(Object.values(reasons).filter(list => list.includes('not_allowed')).length).toBeGreaterThan(0)
  })

  it('are never broken: whatever the seed, no answer costs more than its ceiling', async () => {
    const ceiling = 0.0002
    for (let round = 0; round < 40; round++) {
      const answer = await setup.post<AskBody>('/v1/ask', {
        prompt,
        max_cost_usd: ceiling,
        decision_seed: String(round),
      })
      if (answer.status === 200) expect(answer.body.cost_usd).toBeLessThanOrEqual(ceiling)
      else expect(answer.status).toBe(422)
    }
  })

  it.each(['/v1/ask', '/v1/plan'])(
    'that leave nobody are a 422 naming what excluded each: %s',
    async path => {
      const { status, body } = await setup.post<{ detail: string; candidates: PlanBody['candidates'] }>(
        path,
        {
          prompt,
          max_cost_usd: 0,
        },
      )
      expect(status).toBe(422)
      expect(body).toMatchObject({ code: 'no_candidate' })
      expect(body.candidates.length).toBeGreaterThan(3)
      for (const { arm, excluded } of body.candidates) {
        expect(excluded).toMatchObject([{ reason: 'max_cost' }])
        expect(body.detail).toContain(arm)
      }
    },
  )
})

describe('ask', () => {
  it('answers with the text, the figures and the decision', async () => {
    const { status, body } = await setup.post<AskBody>('/v1/ask', { prompt })
    expect(status).toBe(200)
    expect(body).toMatchObject({
      decision_id: expect.any(String),
      text: expect.stringContaining('simulated'),
      finish_reason: 'stop',
      usage: { estimated: false },
      attempts: 1,
    })
  })

  it('streams events: the decision, the text, the figures', async () => {
    const response = await fetch(`${setup.gateway.url}/v1/ask`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ prompt, stream: true }),
    })
    expect(response.headers.get('content-type')).toContain('text/event-stream')
    const events = (await response.text())
      .trimEnd()
      .split('\n\n')
      .map(event => {
        const [name, data] = event.split('\n') as [string, string]
        return {
          name: name.slice('event: '.length),
          data: JSON.parse(data.slice('data: '.length)) as Record<string, unknown>,
        }
      })
    expect(events[0]).toMatchObject({ name: 'decision', data: { decision_id: expect.any(String) } })
    const text = events
      .filter(({ name }) => name === 'text')
      .map(({ data }) => data.text)
      .join('')
    expect(text).toContain('simulated')
    expect(events.at(-1)).toMatchObject({
      name: 'done',
      data: { finish_reason: 'stop', cost_usd: expect.any(Number) },
    })
  })
})

describe('feedback', () => {
  it('is accepted once and a duplicate after', async () => {
    const { body } = await setup.post<AskBody>('/v1/ask', { prompt })
    const feedback = { decision_id: body.decision_id, quality: 0.9 }
    expect(await setup.post('/v1/observe', feedback)).toMatchObject({
      status: 202,
      body: { status: 'accepted' },
    })
    expect(await setup.post('/v1/observe', feedback)).toMatchObject({
      status: 202,
      body: { status: 'duplicate' },
    })
  })

  it('moves the estimate of the model that answered', async () => {
    const estimate = async (arm: string): Promise<number> => {
      const { body } = await setup.post<{
        candidates: { arm: string; estimate: { quality_alpha: number } }[]
      }>('/v1/plan', { prompt })
      return body.candidates.find(candidate => candidate.arm === arm)?.estimate.quality_alpha as number
    }
    const { body } = await setup.post<AskBody>('/v1/ask', { prompt })
    const before = await estimate(body.model)
    await setup.post('/v1/observe', { decision_id: body.decision_id, quality: 1 })
    expect(await estimate(body.model)).toBeCloseTo(before + 1, 3)
  })
})
