import { milliseconds } from '@atp/core/units'
import { describe, expect, it, vi } from 'vitest'
import { type LearningContext, NO_CONTEXT, type Observation, OUTCOMES } from '../../src/observation/index.ts'
import { LearnedState } from '../../src/routing/index.ts'
import { armOf, requestOf, routingOver } from './catalogue.ts'
import { observationOf } from './observations.ts'

const NOTHING = { sum: 0, weight: 0, at: 0 }

/** Routing over these models, each of which has been planned with once. */
function met(...models: string[]) {
  const setup = routingOver(models.map(model => armOf(model)))
  setup.router.plan(requestOf())
  return setup
}

function estimateOf(setup: ReturnType<typeof routingOver>, arm = 'up/a') {
  const candidate = setup.router.plan(requestOf()).candidates.find(({ arm: id }) => id === arm)
  return candidate?.estimate
}

describe('what is learned of an arm', () => {
  it('makes it less reliable by each failure, and by nothing that was not its doing', () => {
    const failures = OUTCOMES.filter(outcome => {
      const setup = routingOver([armOf('a')])
      expect(estimateOf(setup)?.reliability).toBe(1)
      setup.learned.apply(observationOf('up/a', { outcome, at: setup.clock.now() }), NO_CONTEXT)
      expect(estimateOf(setup)).toMatchObject({ alpha: 1, beta: 1 })
      return (estimateOf(setup)?.reliability as number) < 1
    })
    expect(failures).toEqual(['error', 'timeout', 'cut'])
  })

  it('finds its true reliability where nobody judges its answers, and leaves its quality alone', () => {
    const setup = met('a')
    for (let call = 0; call < 10_000; call++) {
      const outcome = call % 100 === 0 ? 'error' : 'success'
      setup.learned.apply(observationOf('up/a', { outcome, at: setup.clock.now() }), NO_CONTEXT)
    }
    expect(estimateOf(setup)?.reliability).toBeCloseTo(0.99, 3)
    expect(estimateOf(setup)).toMatchObject({ alpha: 1, beta: 1 })
  })

  describe('by what answers say of themselves', () => {
    const refused = { ...NO_CONTEXT, signal: { name: 'refusal', worth: 0.2 } } as const
    const learn = (
      setup: ReturnType<typeof met>,
      context: LearningContext,
      differs: Partial<Observation> = {},
    ): void => {
      const observation = observationOf('up/a', { at: setup.clock.now() })
      setup.learned.apply({ ...observation, ...differs }, { ...context, at: setup.clock.now() })
    }
    const refuseOnceIn = (calls: number): number => {
      const setup = met('a')
      for (let call = 0; call < 2_000; call++) learn(setup, call % calls === 0 ? refused : NO_CONTEXT)
      return estimateOf(setup)?.reliability as number
    }

    it('is worth less, by how often they do: a rare fault of a busy model is rare', () => {
      expect(refuseOnceIn(100)).toBeCloseTo(1 - 0.8 / 100, 3)
      expect(refuseOnceIn(2)).toBeCloseTo(1 - 0.8 / 2, 2)
    })

    it('is told at once, but a first refusal does not put it out of use', () => {
      const setup = met('a')
      learn(setup, refused)
      expect(estimateOf(setup)?.reliability).toBeCloseTo(20.2 / 21, 9)
      expect(estimateOf(setup)).toMatchObject({ alpha: 1, beta: 1 })
    })

    it('is told of an answer that the client left, and only then of one that was cancelled', () => {
      const setup = met('a')
      learn(setup, NO_CONTEXT, { outcome: 'cancelled' })
      expect(estimateOf(setup)?.reliability).toBe(1)
      // Another model was quicker: what its answer says of itself is not this one's.
      learn(setup, refused, { outcome: 'cancelled' })
      expect(estimateOf(setup)?.reliability).toBe(1)
      learn(setup, refused, { outcome: 'cancelled', timeToFirstToken: milliseconds(1) })
      expect(estimateOf(setup)?.reliability).toBeLessThan(1)
    })

    it('is as if nothing had been said where somebody judged, also much later', () => {
      const setup = met('a')
      for (let call = 0; call < 10; call++) learn(setup, refused)
      const decidedAt = setup.clock.now()
      setup.clock.advance(3_600_000)
      for (let call = 0; call < 10; call++) {
        const replacement = {
          ...observationOf('up/a', { at: setup.clock.now() }),
          kind: 'replacement',
        } as const
        setup.learned.apply(replacement, { ...refused, at: decidedAt })
      }
      expect(estimateOf(setup)?.reliability).toBeCloseTo(1, 12)
      learn(setup, refused, { kind: 'replacement' })
      expect(estimateOf(setup)?.reliability).toBeLessThanOrEqual(1)
    })

    it('is not told by a model that the client had named, and survives a snapshot', () => {
      const setup = met('a')
      learn(setup, { ...refused, pinned: true })
      expect(estimateOf(setup)?.reliability).toBe(1)
      learn(setup, refused)
      const restored = met('a')
      restored.learned.restore(JSON.parse(JSON.stringify(setup.learned.snapshot())), vi.fn())
      expect(estimateOf(restored)?.reliability).toBe(estimateOf(setup)?.reliability)
    })
  })

  it('does not count a judgement as one more call', () => {
    const setup = met('a')
    const learn = (kind: 'attempt' | 'feedback', outcome: 'success' | 'error'): void =>
      setup.learned.apply({ ...observationOf('up/a', { outcome }), kind }, NO_CONTEXT)
    learn('attempt', 'error')
    const failed = estimateOf(setup)?.reliability
    for (let times = 0; times < 10; times++) learn('feedback', 'success')
    expect(estimateOf(setup)?.reliability).toBe(failed)
  })

  it('takes a failed arm for reliable again as its failures fade', () => {
    const setup = met('a')
    const at = setup.clock.now()
    for (let call = 0; call < 5; call++) {
      setup.learned.apply(observationOf('up/a', { outcome: 'error', at }), NO_CONTEXT)
    }
    expect(estimateOf(setup)?.reliability).toBeLessThan(0.5)
    setup.clock.advance(3_600_000)
    expect(estimateOf(setup)?.reliability).toBeGreaterThan(0.99)
  })

  it('multiplies its quality by its reliability', () => {
    const setup = met('a', 'b')
    setup.learned.apply(observationOf('up/a', { outcome: 'error', at: setup.clock.now() }), NO_CONTEXT)
    const [best, worse] = setup.router.plan(requestOf({ strategy: 'greedy' })).candidates
    expect(best).toMatchObject({ arm: 'up/b', score: 0.5 })
    expect(worse?.score).toBeCloseTo((0.5 * 4) / 5, 12)
  })

  it('counts a fractional reward as a part of a success', () => {
    const setup = routingOver([armOf('a')])
    const before = estimateOf(setup)
    setup.learned.apply(observationOf('up/a', { quality: 0.25, at: setup.clock.now() }), NO_CONTEXT)
    const after = estimateOf(setup)
    expect(after?.alpha).toBeCloseTo((before?.alpha as number) + 0.25, 12)
    expect(after?.beta).toBeCloseTo((before?.beta as number) + 0.75, 12)
  })

  it('takes no quality from a pinned answer, but its length and latency', () => {
    const setup = routingOver([armOf('a')])
    const before = estimateOf(setup)
    const observation = observationOf('up/a', {
      quality: 1,
      latency: 5,
      outputTokens: 900,
      at: setup.clock.now(),
    })
    setup.learned.apply(observation, { ...NO_CONTEXT, pinned: true })
    const after = estimateOf(setup)
    expect(after).toMatchObject({ alpha: before?.alpha, beta: before?.beta })
    expect(after?.latencyMs).toBeLessThan(before?.latencyMs as number)
    expect(after?.outputTokens).toBeGreaterThan(before?.outputTokens as number)
  })

  it('counts each observation in its version', () => {
    const setup = routingOver([armOf('a')])
    setup.router.plan(requestOf())
    setup.learned.apply(observationOf('up/a'), NO_CONTEXT)
    setup.learned.apply(observationOf('up/a'), NO_CONTEXT)
    expect(setup.router.plan(requestOf()).stateVersion).toBe(2)
  })
})

describe('a snapshot', () => {
  it('brings back every estimate in another process, whatever the order of the arms', () => {
    const before = routingOver([armOf('a'), armOf('b')], 3_600_000)
    before.router.plan(requestOf())
    for (let step = 0; step < 200; step++) {
      const at = before.clock.now() + step * 1_000
      before.learned.apply(
        observationOf('up/a', { quality: 0.8, latency: 100 + step, outputTokens: 50, at }),
        NO_CONTEXT,
      )
      before.learned.apply(
        observationOf('up/b', { quality: 0.3, latency: 900, outputTokens: 500, at }),
        NO_CONTEXT,
      )
    }
    const stored = JSON.parse(JSON.stringify(before.learned.snapshot())) as Record<string, unknown>
    const after = routingOver([armOf('b'), armOf('a')], 3_600_000)
    const warn = vi.fn()
    after.learned.restore(stored, warn)
    expect(warn).not.toHaveBeenCalled()
    for (const arm of ['up/a', 'up/b']) {
      const [mine, theirs] = [estimateOf(after, arm), estimateOf(before, arm)]
      // Its quantiles are taken anew at each start, and now and then in between.
      expect(mine?.latencyMs).toBeCloseTo(theirs?.latencyMs as number, -1)
      expect({ ...mine, latencyMs: 0 }).toEqual({ ...theirs, latencyMs: 0 })
    }
  })

  it('keeps an arm that is not registered now', () => {
    const before = routingOver([armOf('a')])
    before.router.plan(requestOf())
    before.learned.apply(observationOf('up/a', { quality: 1, at: 1 }), NO_CONTEXT)
    const stored = before.learned.snapshot()
    const without = routingOver([])
    without.learned.restore(stored, vi.fn())
    expect(without.learned.snapshot()).toEqual(stored)
  })

  it.each([
    ['no object', 7],
    [
      'a figure that is no number',
      { quality: [1, 'x'], reliability: NOTHING, outputTokens: NOTHING, latency: { length: 0, filled: [] } },
    ],
    ['negative statistics', null],
  ])('with a corrupt arm (%s) loses that arm only, and says so', (_name, corrupt) => {
    const before = routingOver([armOf('a'), armOf('b')])
    before.router.plan(requestOf())
    before.learned.apply(observationOf('up/a', { quality: 1, at: 1 }), NO_CONTEXT)
    before.learned.apply(observationOf('up/b', { quality: 1, at: 1 }), NO_CONTEXT)
    const stored = before.learned.snapshot()
    const negative = { ...stored['up/b'], quality: [1, -5, Number.MAX_VALUE, 0] }
    const after = routingOver([armOf('a'), armOf('b')])
    after.router.plan(requestOf())
    const warn = vi.fn()
    after.learned.restore({ ...stored, 'up/b': corrupt ?? negative }, warn)
    expect(warn).toHaveBeenCalledTimes(1)
    expect(warn.mock.calls[0]?.[0]).toContain('up/b')
    expect(estimateOf(after, 'up/a')).toEqual(estimateOf(before, 'up/a'))
    expect(estimateOf(after, 'up/b')).toMatchObject({ alpha: 1, beta: 1 })
  })
})

describe('learned state', () => {
  it('ignores observations of arms that it never met', () => {
    const { learned } = routingOver([])
    learned.apply(observationOf('up/ghost', { quality: 1 }), NO_CONTEXT)
    expect(learned).toBeInstanceOf(LearnedState)
    expect(learned.snapshot()).toEqual({})
  })
})
