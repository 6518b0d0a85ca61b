import { describe, expect, it, vi } from 'vitest'
import { OUTCOMES } from '../../src/observation/index.ts'
import { LearnedState } from '../../src/routing/index.ts'
import { armOf, requestOf, routingOver } from './catalogue.ts'
import { observationOf } from './observations.ts'

function estimateOf(setup: ReturnType<typeof routingOver>, arm = 'up/a') {
  const candidate = setup.router.plan(requestOf()).candidates.find(({ arm: id }) => id === arm)
  return candidate?.estimate
}

describe('what is learned of an arm', () => {
  it('moves its quality by judged answers and by failures, and by nothing that was not its doing', () => {
    const change = { success: 0, error: 0, timeout: 0, cut: 0, rate_limited: 0, rejected: 0, cancelled: 0 }
    for (const outcome of OUTCOMES) {
      const setup = routingOver([armOf('a')])
      const before = estimateOf(setup)?.beta as number
      setup.learned.apply(observationOf('up/a', { outcome, at: setup.clock.now() }), { pinned: false })
      change[outcome] = (estimateOf(setup)?.beta as number) - before
    }
    expect(change).toEqual({
      success: 0,
      error: 1,
      timeout: 1,
      cut: 1,
      rate_limited: 0,
      rejected: 0,
      cancelled: 0,
    })
  })

  it('counts a fractional reward as a part of a success', () => {
    const setup = routingOver([armOf('a')])
    const before = estimateOf(setup)
    setup.learned.apply(observationOf('up/a', { quality: 0.25, at: setup.clock.now() }), { pinned: false })
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
    setup.learned.apply(observation, { pinned: true })
    const after = estimateOf(setup)
    expect(after).toMatchObject({ alpha: before?.alpha, beta: before?.beta })
    expect(after?.latencyMs).toBeCloseTo(5, 1)
    expect(after?.outputTokens).toBeGreaterThan(before?.outputTokens as number)
  })

  it('counts each observation in its version', () => {
    const setup = routingOver([armOf('a')])
    setup.router.plan(requestOf())
    setup.learned.apply(observationOf('up/a'), { pinned: false })
    setup.learned.apply(observationOf('up/a'), { pinned: false })
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
        { pinned: false },
      )
      before.learned.apply(observationOf('up/b', { quality: 0.3, latency: 900, outputTokens: 500, at }), {
        pinned: false,
      })
    }
    const stored = JSON.parse(JSON.stringify(before.learned.snapshot())) as Record<string, unknown>
    const after = routingOver([armOf('b'), armOf('a')], 3_600_000)
    const warn = vi.fn()
    after.learned.restore(stored, warn)
    expect(warn).not.toHaveBeenCalled()
    for (const arm of ['up/a', 'up/b']) expect(estimateOf(after, arm)).toEqual(estimateOf(before, arm))
  })

  it('keeps an arm that is not registered now', () => {
    const before = routingOver([armOf('a')])
    before.router.plan(requestOf())
    before.learned.apply(observationOf('up/a', { quality: 1, at: 1 }), { pinned: false })
    const stored = before.learned.snapshot()
    const without = routingOver([])
    without.learned.restore(stored, vi.fn())
    expect(without.learned.snapshot()).toEqual(stored)
  })

  it.each([
    ['no object', 7],
    [
      'a figure that is no number',
      { quality: [1, 'x'], outputTokens: { sum: 0, weight: 0, at: 0 }, latency: { length: 0, filled: [] } },
    ],
    ['negative statistics', null],
  ])('with a corrupt arm (%s) loses that arm only, and says so', (_name, corrupt) => {
    const before = routingOver([armOf('a'), armOf('b')])
    before.router.plan(requestOf())
    before.learned.apply(observationOf('up/a', { quality: 1, at: 1 }), { pinned: false })
    before.learned.apply(observationOf('up/b', { quality: 1, at: 1 }), { pinned: false })
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
    learned.apply(observationOf('up/ghost', { quality: 1 }), { pinned: false })
    expect(learned).toBeInstanceOf(LearnedState)
    expect(learned.snapshot()).toEqual({})
  })
})
