import { typescriptNative } from '@atp/native'
import { describe, expect, it } from 'vitest'
import { NO_CONTEXT } from '../../src/observation/index.ts'
import { encodeFeatures, featuresOf } from '../../src/routing/index.ts'
import { armOf, requestOf, routingOver } from './catalogue.ts'
import { observationOf } from './observations.ts'

const SUM = (n: number) => featuresOf(`What is ${n} * 17 + ${3 * n}? Show each step.`, typescriptNative)
const STORY = (n: number) => featuresOf(`Tell me a story of number ${n}`, typescriptNative)
const free = { inputUsdPerMtok: 0, outputUsdPerMtok: 0 }

type Routing = ReturnType<typeof routingOver>

/** Arm `sums` is good at sums, arm `stories` at stories: asked and judged for so many requests. */
function teach({ router, learned, clock }: Routing, requests: number): void {
  for (let n = 0; n < requests; n++) {
    const isSum = n % 2 === 0
    const features = isSum ? SUM(n) : STORY(n)
    const plan = router.plan(requestOf({ strategy: 'linthompson', features, seed: `${n}` }))
    const arm = plan.candidates[0]?.arm as string
    const quality = arm === (isSum ? 'up/sums' : 'up/stories') ? 0.9 : 0.3
    const outputTokens = isSum ? 20 : 2_000
    const observation = observationOf(arm, { quality, outputTokens, at: clock.now() })
    learned.apply(observation, { ...NO_CONTEXT, features: encodeFeatures(features) })
  }
}

describe('a contextual strategy', () => {
  it.each(['linthompson', 'linucb'] as const)('asks whom the prompt is best with: %s', strategy => {
    const routing = routingOver([armOf('sums', { price: free }), armOf('stories', { price: free })])
    teach(routing, 600)
    const right = Array.from({ length: 200 }, (_, n) => {
      const isSum = n % 2 === 0
      const features = isSum ? SUM(1_000 + n) : STORY(1_000 + n)
      const plan = routing.router.plan(requestOf({ strategy, features, seed: `after ${n}` }))
      return plan.candidates[0]?.arm === (isSum ? 'up/sums' : 'up/stories')
    })
    expect(right.filter(Boolean).length).toBeGreaterThan(190)
  })

  it('expects the length of an answer, and so its cost, by the prompt', () => {
    const routing = routingOver([armOf('sums'), armOf('stories')])
    teach(routing, 600)
    const tokens = (features: Float64Array) =>
      Object.fromEntries(
        routing.router
          .plan(requestOf({ strategy: 'linthompson', features }))
          .candidates.map(({ arm, estimate }) => [arm, estimate.outputTokens]),
      )
    expect(tokens(SUM(7))['up/sums']).toBeLessThan(100)
    expect(tokens(STORY(7))['up/stories']).toBeGreaterThan(1_000)
  })

  it('says its posterior, and what the prompt looked like', () => {
    const { router } = routingOver([armOf('a')])
    const features = SUM(3)
    const plan = router.plan(requestOf({ strategy: 'linucb', features }))
    expect(plan.features).toBe(encodeFeatures(features))
    expect(plan.candidates[0]?.estimate).toMatchObject({ alpha: null, beta: null })
    expect(plan.candidates[0]?.estimate.qualityDeviation).toBeGreaterThan(0)
  })

  it('learns nothing by the prompt where the decision was pinned, or the features are of no version known', () => {
    const { router, learned, clock } = routingOver([armOf('a')])
    const features = SUM(3)
    const mean = () =>
      router.plan(requestOf({ strategy: 'linthompson', features })).candidates[0]?.estimate.qualityMean
    const before = mean()
    const observation = observationOf('up/a', { quality: 0, at: clock.now() })
    learned.apply(observation, { ...NO_CONTEXT, pinned: true, features: encodeFeatures(features) })
    learned.apply(observation, { ...NO_CONTEXT, features: 'AACAPw==' })
    expect(mean()).toBe(before)
    learned.apply(observation, { ...NO_CONTEXT, features: encodeFeatures(features) })
    expect(mean()).toBeLessThan(before as number)
  })

  it('comes back with its snapshot; a corrupt part starts anew, alone', () => {
    const before = routingOver([armOf('sums'), armOf('stories')])
    teach(before, 300)
    const stored = JSON.parse(JSON.stringify(before.learned.snapshot()))
    const request = requestOf({ strategy: 'linthompson', features: SUM(5) })
    const after = routingOver([armOf('stories'), armOf('sums')])
    const warnings: string[] = []
    after.learned.restore(stored, warning => warnings.push(warning))
    const byArm = ({ router }: Routing) =>
      new Map(router.plan(request).candidates.map(({ arm, estimate }) => [arm, estimate]))
    const restored = byArm(after)
    for (const [arm, estimate] of byArm(before)) {
      // What arms have in common is learned anew, from the same sums: equal but for what came since it last was.
      expect(restored.get(arm)?.qualityMean).toBeCloseTo(estimate.qualityMean, 1)
      expect(restored.get(arm)?.outputTokens).toBeCloseTo(estimate.outputTokens, -2)
    }
    expect(warnings).toEqual([])
    stored['up/sums'].contextual.quality[3] = -1
    const again = routingOver([armOf('sums'), armOf('stories')])
    again.router.plan(request)
    again.learned.restore(stored, warning => warnings.push(warning))
    expect(warnings).toEqual([expect.stringContaining('up/sums')])
  })
})

describe('a budget', () => {
  const arms = [
    armOf('cheap', {
      price: { inputUsdPerMtok: 0, outputUsdPerMtok: 1 },
      qualityPrior: { mean: 0.6, strength: 100 },
    }),
    armOf('dear', {
      price: { inputUsdPerMtok: 0, outputUsdPerMtok: 20 },
      qualityPrior: { mean: 0.9, strength: 100 },
    }),
  ]
  const budgetUsd = 0.001

  it('keeps the mean of what requests cost', () => {
    const { router, pacers } = routingOver(arms, Number.POSITIVE_INFINITY, budgetUsd)
    const request = requestOf()
    const pacer = pacers.of(request.tenant)
    const costs = Array.from({ length: 2_000 }, (_, n) => {
      const plan = router.plan(requestOf({ seed: `${n}` }))
      pacer?.arrive(plan.forecasts ?? [])
      const costUsd = plan.candidates[0]?.estimate.costUsd as number
      pacer?.spend(costUsd)
      return costUsd
    })
    const mean = costs.reduce((sum, cost) => sum + cost, 0) / costs.length
    expect(mean).toBeLessThanOrEqual(budgetUsd * 1.005)
    // And something of it is spent on the dear arm.
    expect(Math.max(...costs)).toBeCloseTo(0.004, 6)
  })

  it('puts a price on money once requests would cost more than it, and counts it among the costs', () => {
    const { router, pacers } = routingOver(arms, Number.POSITIVE_INFINITY, budgetUsd)
    const pacer = pacers.of(requestOf().tenant)
    for (let n = 0; n < 100; n++) pacer?.arrive(router.plan(requestOf({ seed: `${n}` })).forecasts ?? [])
    expect(pacer?.price).toBeGreaterThan(0)
    for (const { terms, estimate } of router.plan(requestOf()).candidates) {
      expect(terms?.cost).toBeCloseTo((pacer?.price ?? 0) * estimate.costUsd, 12)
    }
  })

  it('leaves out by name what it cannot bear now, never the cheapest', () => {
    const { router, pacers } = routingOver(arms, Number.POSITIVE_INFINITY, budgetUsd)
    pacers.of(requestOf().tenant)?.spend(1)
    const [first, second] = router.plan(requestOf()).candidates
    expect(first).toMatchObject({ arm: 'up/cheap', excluded: null })
    expect(second).toMatchObject({ arm: 'up/dear', score: null, excluded: [{ reason: 'budget' }] })
    expect(second?.excluded?.[0]?.detail).toContain('$0.00400')
  })

  it('holds for what the gateway chooses, not for a model that the client names', () => {
    const { router, pacers } = routingOver(arms, Number.POSITIVE_INFINITY, budgetUsd)
    pacers.of(requestOf().tenant)?.spend(1)
    const plan = router.plan(requestOf({ model: 'dear' }))
    expect(plan.forecasts).toBeNull()
    expect(plan.candidates[0]).toMatchObject({ arm: 'up/dear', excluded: null })
  })
})
