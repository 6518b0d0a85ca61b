import { microUsd, milliseconds } from '@atp/core/units'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { NO_CONTEXT } from '../../src/observation/ports.ts'
import type { Exclusion, Plan } from '../../src/routing/index.ts'
import { armOf, requestOf, routingOver } from './catalogue.ts'
import { observationOf } from './observations.ts'

function reasonsOf(plan: Plan): Record<string, Exclusion['reason'][] | null> {
  return Object.fromEntries(
    plan.candidates.map(({ arm, excluded }) => [arm, excluded?.map(({ reason }) => reason) ?? null]),
  )
}

describe('a plan', () => {
  it('is the same for the same seed and state, and consumes nothing', () => {
    const { router } = routingOver([armOf('a'), armOf('b'), armOf('c')])
    const first = router.plan(requestOf({ seed: 'one' }))
    for (let times = 0; times < 100; times++) router.plan(requestOf({ seed: `other ${times}` }))
    expect(router.plan(requestOf({ seed: 'one' }))).toEqual(first)
  })

  it('ranks by utility: quality minus cost minus latency', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1 }), fc.nat(100), fc.nat(100), (seed, cost, latency) => {
        const { router } = routingOver([
          armOf('cheap', { price: { inputUsdPerMtok: 0.1, outputUsdPerMtok: 0.4 } }),
          armOf('quick', { expectedLatencyMs: 50 }),
          armOf('plain'),
        ])
        const weights = { quality: 1, cost: cost / 10, latency: latency / 10 }
        const { candidates } = router.plan(requestOf({ seed, preference: weights }))
        const scores = candidates.map(({ score, terms }) => {
          expect(score).toBeCloseTo((terms?.quality ?? 0) - (terms?.cost ?? 0) - (terms?.latency ?? 0), 12)
          return score as number
        })
        expect(scores).toEqual([...scores].sort((a, b) => b - a))
      }),
    )
  })

  it('prices an arm by its list price and the length of answers that it is known to write', () => {
    const { router, learned, clock } = routingOver([armOf('a')])
    const cost = (): number => router.plan(requestOf()).candidates[0]?.estimate.costUsd as number
    expect(cost()).toBeCloseTo((100 * 1 + 200 * 4) / 1e6, 12)
    for (let times = 0; times < 1000; times++) {
      learned.apply(observationOf('up/a', { outputTokens: 1_000, at: clock.now() }), NO_CONTEXT)
    }
    expect(cost()).toBeCloseTo((100 * 1 + 1_000 * 4) / 1e6, 4)
  })

  it('of a greedy strategy takes the cheaper of two equals', () => {
    const { router } = routingOver([
      armOf('dear', { price: { inputUsdPerMtok: 5, outputUsdPerMtok: 20 } }),
      armOf('cheap', { price: { inputUsdPerMtok: 1, outputUsdPerMtok: 2 } }),
    ])
    const preference = { quality: 1, cost: 0.001, latency: 0 }
    expect(router.plan(requestOf({ strategy: 'greedy', preference })).candidates[0]?.arm).toBe('up/cheap')
  })

  it('needs no relearning for a new preference', () => {
    const { router, learned, clock } = routingOver([
      armOf('good', { price: { inputUsdPerMtok: 10, outputUsdPerMtok: 40 } }),
      armOf('cheap', { price: { inputUsdPerMtok: 0.1, outputUsdPerMtok: 0.1 } }),
    ])
    router.plan(requestOf())
    for (let times = 0; times < 500; times++) {
      learned.apply(observationOf('up/good', { quality: 0.95, at: clock.now() }), NO_CONTEXT)
      learned.apply(observationOf('up/cheap', { quality: 0.6, at: clock.now() }), NO_CONTEXT)
    }
    const choice = (preference: 'fast' | 'high'): string | undefined =>
      router.plan(requestOf({ preference })).candidates[0]?.arm
    expect(choice('high')).toBe('up/good')
    expect(choice('fast')).toBe('up/cheap')
  })
})

describe('a named model', () => {
  it('is the only candidate, by arm or by name, and pins the plan', () => {
    const { router } = routingOver([armOf('a'), armOf('b')])
    for (const model of ['b', 'up/b']) {
      const plan = router.plan(requestOf({ model }))
      expect(plan.pinned).toBe(true)
      expect(reasonsOf(plan)).toEqual({ 'up/b': null, 'up/a': ['not_requested'] })
    }
  })

  it('that nobody serves is an error that lists what there is', () => {
    const { router } = routingOver([armOf('a')])
    expect(() => router.plan(requestOf({ model: 'gpt-99' }))).toThrow(
      expect.objectContaining({
        code: 'unknown_model',
        problems: [{ field: 'model', found: 'gpt-99', allowed: 'auto, or one of up/a' }],
      }),
    )
  })
})

describe('a constraint', () => {
  it.each([
    ['missing_capability', { required: ['vision'] }],
    ['max_output_tokens', { maxOutputTokens: 2_001 }],
    ['context_window', { inputBytes: 40_000, countInputTokens: () => 8_001 }],
    ['denied', { constraints: { deny: ['a'] } }],
    ['not_allowed', { constraints: { allow: ['somebody-else'] } }],
    ['max_cost', { constraints: { maxCost: microUsd(100) } }],
  ] as const)('%s excludes the arm and says so', (reason, differs) => {
    const { router } = routingOver([armOf('a')])
    const plan = router.plan(requestOf(differs as never))
    expect(reasonsOf(plan)).toEqual({ 'up/a': [reason] })
    expect(plan.candidates[0]).toMatchObject({ score: null, terms: null })
  })

  it('on the context window counts tokens only where bytes cannot settle it', () => {
    const { router } = routingOver([armOf('a')])
    const countInputTokens = (): number => {
      throw new Error('not needed')
    }
    expect(reasonsOf(router.plan(requestOf({ inputBytes: 7_999, countInputTokens })))).toEqual({
      'up/a': null,
    })
    expect(reasonsOf(router.plan(requestOf({ inputBytes: 20_000, countInputTokens: () => 5_000 })))).toEqual({
      'up/a': null,
    })
  })

  it('on latency holds an arm that was never called to what is configured of it', () => {
    const { router } = routingOver([armOf('a', { expectedLatencyMs: 900 })])
    const plan = (slo: number) => router.plan(requestOf({ constraints: { latencySlo: milliseconds(slo) } }))
    expect(reasonsOf(plan(899))).toEqual({ 'up/a': ['latency_slo'] })
    expect(reasonsOf(plan(901))).toEqual({ 'up/a': null })
  })

  it('on latency is not broken by one slow call, is by several, and gives the arm a chance when they have faded', () => {
    const { router, learned, clock } = routingOver([armOf('a')], 60_000)
    const excluded = () =>
      reasonsOf(router.plan(requestOf({ constraints: { latencySlo: milliseconds(2_000) } })))['up/a']
    const slow = (): void =>
      learned.apply(observationOf('up/a', { latency: 5_000, at: clock.now() }), NO_CONTEXT)
    expect(excluded()).toBeNull()
    slow()
    expect(excluded()).toBeNull()
    for (let calls = 0; calls < 20; calls++) slow()
    expect(excluded()).toEqual(['latency_slo'])
    clock.advance(5 * 60_000)
    expect(excluded()).toBeNull()
  })

  it('on cost limits the answer so that the bill cannot exceed the ceiling', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 5_000 }),
        fc.integer({ min: 1, max: 20_000 }),
        fc.double({ min: 0, max: 50, noNaN: true }),
        fc.double({ min: 0, max: 100, noNaN: true }),
        fc.integer({ min: 1, max: 10 }),
        (inputTokens, ceiling, inputPrice, outputPrice, choices) => {
          const { router } = routingOver([
            armOf('a', { price: { inputUsdPerMtok: inputPrice, outputUsdPerMtok: outputPrice } }),
          ])
          const [candidate] = router.plan(
            requestOf({
              choices,
              countInputTokens: () => inputTokens,
              constraints: { maxCost: microUsd(ceiling) },
            }),
          ).candidates
          if (candidate?.excluded !== null) return
          const bill = inputTokens * inputPrice + choices * (candidate.outputLimit as number) * outputPrice
          expect(bill).toBeLessThanOrEqual(ceiling)
        },
      ),
    )
  })

  it('is not there where the request makes none: no limit is sent upstream', () => {
    const { router } = routingOver([armOf('a')])
    expect(router.plan(requestOf()).candidates[0]?.outputLimit).toBeNull()
  })
})

describe('an adapter whose circuit is open', () => {
  it('is no candidate until its cooldown is over', () => {
    const { router, registry, clock } = routingOver([armOf('a')])
    for (let failures = 0; failures < 3; failures++) {
      registry.begin('up/a' as never)?.end({ outcome: 'error', latency: null, timeToFirstToken: null })
    }
    expect(reasonsOf(router.plan(requestOf()))).toEqual({ 'up/a': ['circuit_open'] })
    clock.advance(1_000)
    expect(reasonsOf(router.plan(requestOf()))).toEqual({ 'up/a': null })
  })
})

describe('a share of blind choices', () => {
  const decide = (exploration: number, differs: Partial<Parameters<typeof requestOf>[0]> = {}) => {
    const { router } = routingOver([armOf('a'), armOf('b'), armOf('c')], undefined, null, exploration)
    return Array.from({ length: 3_000 }, (_, n) =>
      router.plan(requestOf({ strategy: 'greedy', seed: `${n}`, ...differs })),
    )
  }
  const firsts = (plans: ReturnType<typeof decide>, arm: string): number =>
    plans.filter(({ candidates }) => candidates[0]?.arm === arm).length

  it('falls on each candidate as often, and is told', () => {
    const plans = decide(0.3)
    const best = ['up/a', 'up/b', 'up/c'].sort((a, b) => firsts(plans, b) - firsts(plans, a))
    // A tenth of 3,000 each, with a deviation of 16.
    for (const arm of best.slice(1)) expect(Math.abs(firsts(plans, arm) - 300)).toBeLessThan(70)
    expect(plans[0]?.exploration).toBe(0.3)
    expect(decide(0.3).map(({ candidates }) => candidates[0]?.arm)).toEqual(
      plans.map(({ candidates }) => candidates[0]?.arm),
    )
  })

  it('never falls on what a constraint excludes, nor where the client names the model', () => {
    expect(firsts(decide(1, { constraints: { deny: ['b'] } }), 'up/b')).toBe(0)
    const pinned = decide(1, { model: 'c' })
    expect(firsts(pinned, 'up/c')).toBe(3_000)
    expect(pinned[0]?.exploration).toBe(0)
  })
})
