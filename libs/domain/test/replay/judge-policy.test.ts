import { SeededRandom } from '@atp/core/random'
import { describe, expect, it } from 'vitest'
import { NO_CONTEXT } from '../../src/observation/index.ts'
import {
  eligibleOf,
  judgedLog,
  judgePolicy,
  type LoggedDecision,
  loggedPropensities,
  type TargetRule,
  targetPropensities,
} from '../../src/replay/index.ts'
import type { RoutingStrategy, Utility } from '../../src/routing/index.ts'
import { armOf, requestOf, routingOver } from '../routing/catalogue.ts'
import { observationOf } from '../routing/observations.ts'

const QUALITY: Readonly<Record<string, number>> = { 'up/a': 0.5, 'up/b': 0.6, 'up/c': 0.8 }

const uniformOf = (random: SeededRandom) => (): number => random.uint32() / 2 ** 32

/** What a router recorded that learned while it ran. */
function recorded(
  strategy: RoutingStrategy,
  exploration: number,
  seed: number,
  decisions = 1_000,
): LoggedDecision[] {
  const arms = Object.keys(QUALITY).map(id => armOf(id.slice(3)))
  const { router, learned, clock } = routingOver(arms, Number.POSITIVE_INFINITY, null, exploration)
  const uniform = uniformOf(new SeededRandom(seed))
  const preference = { quality: 1, cost: 0, latency: 0 }
  return Array.from({ length: decisions }, (_, n) => {
    clock.advance(1_000)
    const plan = router.plan(requestOf({ strategy, preference, seed: `${seed}-${n}` }))
    const arm = plan.candidates[0]?.arm as LoggedDecision['arm']
    const quality = Number(uniform() < (QUALITY[arm] as number))
    learned.apply(observationOf(arm, { quality, at: clock.now() }), NO_CONTEXT)
    return { ...plan, arm, quality, costUsd: 0.001 }
  })
}

describe('a log of decisions', () => {
  it('is chosen from as often as its propensities say: each rule, with and without blind choices', () => {
    for (const [strategy, exploration] of [
      ['thompson', 0],
      ['thompson', 0.2],
      ['greedy', 0.2],
      ['ucb', 0.1],
      ['klucb', 0.1],
    ] as const) {
      let expected = 0
      let spread = 0
      let first = 0
      for (const decision of recorded(strategy, exploration, 7, 2_000)) {
        const eligible = eligibleOf(decision)
        const propensities = loggedPropensities(decision, eligible)
        expect(propensities.reduce((sum, chance) => sum + chance, 0)).toBeCloseTo(1, 9)
        // Which arm is meant must not depend on what was chosen.
        const chance = propensities[eligible.findIndex(({ arm }) => arm === 'up/b')] as number
        expected += chance
        spread += chance * (1 - chance)
        first += Number(decision.arm === 'up/b')
      }
      expect(Math.abs(first - expected), strategy).toBeLessThan(4 * Math.sqrt(spread) + 1)
    }
  })

  it.each([
    ['thompson', 0],
    ['greedy', 0.2],
    ['ucb', 0.2],
  ] as const)(
    'of %s, with a share of %d of blind choices, tells what others earn',
    (strategy, exploration) => {
      const logs = Array.from({ length: 20 }, (_, seed) =>
        judgedLog(recorded(strategy, exploration, seed, 600)),
      )
      const covered = (rule: TargetRule, truth: number): readonly boolean[] =>
        logs.flatMap((log, seed) => {
          const { quality } = judgePolicy(log, { rule }, uniformOf(new SeededRandom(seed)))
          return quality.conclusive ? [quality.snips.low <= truth && truth <= quality.snips.high] : []
        })
      const best = covered({ always: 'up/c' }, QUALITY['up/c'] as number)
      const blind = covered('random', 1.9 / 3)
      expect(best.length).toBeGreaterThan(15)
      // 95% claimed: fewer than 16 of 20 is chance once in 400 times.
      for (const hits of [best, blind]) {
        expect(hits.filter(hit => !hit).length).toBeLessThanOrEqual(4)
      }
    },
  )

  it('judges a shadow strategy where it decided, as what it would have asked', () => {
    const log = recorded('greedy', 0.5, 3, 600)
    const arm = 'up/c' as LoggedDecision['arm']
    const half = log.map((decision, n) => ({
      ...decision,
      shadow: n % 2 === 0 ? ({ strategy: 'ucb', arm } as const) : null,
    }))
    const judge = (decisions: readonly LoggedDecision[], rule: TargetRule) =>
      judgePolicy(judgedLog(decisions), { rule }, uniformOf(new SeededRandom(1))).quality
    const shadowed = half.filter(({ shadow }) => shadow !== null)
    expect(judge(half, 'shadow')).toEqual(judge(shadowed, { always: arm }))
  })

  it('says of what it cannot tell why', () => {
    const [some] = recorded('thompson', 0, 1, 1) as [LoggedDecision]
    const [greedy] = recorded('greedy', 0, 1, 1) as [LoggedDecision]
    const elsewhere = some.candidates.at(-1)?.arm as LoggedDecision['arm']
    const log = [
      some,
      { ...some, pinned: true },
      { ...some, quality: null },
      { ...some, arm: elsewhere },
      greedy,
    ]
    const { decisions, unusable } = judgedLog(log)
    expect(unusable).toEqual({ pinned: 1, unjudged: 1, fallback: 1, certain: 1 })
    expect(decisions.length).toBe(1)
  })

  it('leaves out what could not have been chosen', () => {
    const [decision] = recorded('thompson', 0.3, 1, 1) as [LoggedDecision]
    const excluded = decision.candidates.map(candidate =>
      candidate.arm === 'up/c'
        ? { ...candidate, score: null, terms: null, excluded: [{ reason: 'denied', detail: '' } as const] }
        : candidate,
    )
    const eligible = eligibleOf({ candidates: excluded })
    expect(eligible.map(({ arm }) => arm)).not.toContain('up/c')
    const blind = targetPropensities({ rule: 'random' }, decision, eligible)
    expect(blind).toEqual([0.5, 0.5])
    const always = targetPropensities({ rule: { always: 'up/c' } }, decision, eligible)
    expect(always.reduce((sum, chance) => sum + chance, 0)).toBe(1)
  })
})

describe('another preference', () => {
  it('is weighed by what was expected of cost and latency then', () => {
    const [decision] = recorded('thompson', 0, 1, 1) as [LoggedDecision]
    const candidates = decision.candidates.map(candidate => ({
      ...candidate,
      estimate: { ...candidate.estimate, costUsd: candidate.arm === 'up/a' ? 0 : 1 },
    }))
    const utility: Pick<Utility, 'costTerm' | 'latencyTerm'> = {
      costTerm: (weights, usd) => weights.cost * usd,
      latencyTerm: () => 0,
    }
    const preference = { weights: { quality: 1, cost: 100, latency: 0 }, utility }
    const eligible = eligibleOf({ candidates })
    const chances = targetPropensities({ rule: 'recorded', preference }, decision, eligible)
    expect(chances[eligible.findIndex(({ arm }) => arm === 'up/a')]).toBeCloseTo(1, 9)
  })
})
