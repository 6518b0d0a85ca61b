import { typescriptNative } from '@atp/native'
import { describe, expect, it } from 'vitest'
import { ContextualPolicy } from '../../src/routing/index.ts'

/** Deterministic noise in [0, 1). */
function noise(step: number): number {
  return ((step * 2_654_435_761) % 4_294_967_296) / 4_294_967_296
}

function policyOver(budgetUsd: number | null, arms = 2): ContextualPolicy {
  const policy = new ContextualPolicy({
    native: typescriptNative,
    dimension: 3,
    halfLifeMs: Number.POSITIVE_INFINITY,
    budgetUsd,
  })
  for (let arm = 0; arm < arms; arm++) policy.addArm({ hash: 1_000 + arm, expectedUsd: 0.001 })
  return policy
}

/** Two kinds of prompts; arm 0 is good at both and dear, arm 1 cheap and good at the second kind only. */
const COSTS = [0.01, 0.0005] as const
const quality = (arm: number, hard: boolean): number => (arm === 0 || !hard ? 0.9 : 0.6)

function play(policy: ContextualPolicy, requests: number, from = 0) {
  let spent = 0
  let right = 0
  for (let step = from; step < from + requests; step++) {
    const hard = noise(step) < 0.3
    const x = Float64Array.of(1, hard ? 1 : -1, noise(step + 1) - 0.5)
    const { arm } = policy.choose('thompson', x, 7, step, step)
    const cost = (COSTS[arm] as number) * (0.8 + 0.4 * noise(step + 2))
    policy.spent(arm, x, cost, step)
    policy.judged(arm, x, quality(arm, hard) + 0.1 * (noise(step + 3) - 0.5), step)
    spent += cost
    if (arm === (hard ? 0 : 1)) right += 1
  }
  return { meanCost: spent / requests, right: right / requests }
}

describe('the contextual policy', () => {
  it('learns which prompts are worth the dear model, and keeps the budget', () => {
    const policy = policyOver(0.004)
    play(policy, 1_000)
    const { right, meanCost } = play(policy, 1_000, 1_000)
    expect(right).toBeGreaterThan(0.9)
    expect(meanCost).toBeLessThanOrEqual(0.004 * 1.005)
  })

  it('without a budget takes the better model, whatever it costs', () => {
    const policy = policyOver(null)
    play(policy, 500)
    const hard = Float64Array.of(1, 1, 0)
    const chosen = Array.from({ length: 100 }, (_, step) => policy.choose('thompson', hard, 9, step, 500).arm)
    expect(chosen.filter(arm => arm === 0).length).toBeGreaterThan(95)
  })

  it('expects of each arm what its own answers cost, by the prompt', () => {
    const policy = policyOver(null)
    const [short, long] = [Float64Array.of(1, -1, 0), Float64Array.of(1, 1, 0)]
    for (let step = 0; step < 400; step++) {
      policy.spent(0, short, 0.001, step)
      policy.spent(0, long, 0.004, step)
      policy.spent(1, step % 2 === 0 ? short : long, 0.0002, step)
      policy.judged(1, short, 0, step)
      policy.judged(1, long, 0, step)
    }
    const expected = (x: Float64Array) => policy.choose('greedy', x, 1, 2, 400)
    expect(expected(short)).toMatchObject({ arm: 0 })
    expect(expected(short).expectedUsd).toBeCloseTo(0.001, 3)
    expect(expected(long).expectedUsd / expected(short).expectedUsd).toBeGreaterThan(3)
  })

  it('decides alike for the same seed and state', () => {
    const [one, other] = [policyOver(0.004), policyOver(0.004)]
    expect(play(one, 300)).toEqual(play(other, 300))
  })
})
