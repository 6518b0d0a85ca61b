import { SeededRandom } from '@atp/core/random'
import { typescriptNative } from '@atp/native'
import { describe, expect, it } from 'vitest'
import {
  evaluateOffPolicy,
  type LoggedChoice,
  thompsonPropensities,
  withExploration,
} from '../../src/replay/index.ts'

function uniformOf(seed: number): () => number {
  const random = new SeededRandom(seed)
  return () => random.uint32() / 2 ** 32
}

const MEANS = [0.5, 0.6, 0.7]
const TARGET = [0.2, 0.2, 0.6]
const TRUTH = MEANS.reduce((sum, mean, arm) => sum + mean * (TARGET[arm] as number), 0)
const EXPLORATION = 0.3

/** A Thompson sampler with an exploration share, learning while it is logged. */
function adaptiveLog(seed: number, length: number): LoggedChoice[] {
  const uniform = uniformOf(seed)
  const bandit = typescriptNative.createBandit({ halfLifeMs: Number.POSITIVE_INFINITY })
  for (let arm = 0; arm < MEANS.length; arm += 1) bandit.addArm(arm, 1, 1)
  const posteriors = new Float64Array(2 * MEANS.length)
  let logged: readonly number[] = []
  return Array.from({ length }, (_, step) => {
    // The policy is brought up to date from time to time, as replicas are.
    if (step % 50 === 0) {
      bandit.posteriors(0, posteriors)
      const drawn = MEANS.map((_, arm) => ({
        posterior: { alpha: posteriors[2 * arm] as number, beta: posteriors[2 * arm + 1] as number },
        weight: 1,
        penalty: 0,
      }))
      logged = withExploration(thompsonPropensities(drawn), EXPLORATION)
    }
    let left = uniform()
    const found = logged.findIndex(chance => {
      left -= chance
      return left < 0
    })
    const chosen = found < 0 ? logged.length - 1 : found
    const reward = uniform() < (MEANS[chosen] as number) ? 1 : 0
    bandit.update(chosen, reward, 0)
    return { chosen, logged, target: TARGET, expected: [0.55, 0.55, 0.6], reward }
  })
}

describe('off-policy estimates', () => {
  it('cover the truth about as often as their intervals claim, on logs of a policy that learned', {
    timeout: 120_000,
  }, () => {
    const logs = 200
    const covered = { ips: 0, snips: 0, dr: 0 }
    const means = { ips: 0, snips: 0, dr: 0 }
    for (let seed = 0; seed < logs; seed += 1) {
      const report = evaluateOffPolicy(adaptiveLog(seed, 1_000), uniformOf(10_000 + seed))
      expect(report.conclusive).toBe(true)
      for (const name of ['ips', 'snips', 'dr'] as const) {
        const { mean, low, high } = report[name]
        means[name] += mean / logs
        if (low <= TRUTH && TRUTH <= high) covered[name] += 1 / logs
      }
    }
    for (const name of ['ips', 'snips', 'dr'] as const) {
      expect(Math.abs(means[name] - TRUTH), name).toBeLessThan(0.01)
      // 95% claimed; of 200 logs 0.90 to 0.99 is what chance leaves.
      expect(covered[name], name).toBeGreaterThanOrEqual(0.9)
      expect(covered[name], name).toBeLessThanOrEqual(0.995)
    }
  })

  it('are the plain mean where the judged policy is the recorded one', () => {
    const log = adaptiveLog(1, 500).map(choice => ({ ...choice, target: choice.logged }))
    const mean = log.reduce((sum, { reward }) => sum + reward, 0) / log.length
    const { ips, snips, effectiveSampleSize, clipped } = evaluateOffPolicy(log, uniformOf(1))
    expect(ips.mean).toBeCloseTo(mean, 12)
    expect(snips.mean).toBeCloseTo(mean, 12)
    expect(effectiveSampleSize).toBeCloseTo(500, 9)
    expect(clipped).toBe(0)
  })

  it('say that a record is too thin to judge by', () => {
    const log = adaptiveLog(1, 500).map(choice => ({
      ...choice,
      logged: [0.98, 0.01, 0.01],
      target: [0, 0, 1],
    }))
    expect(evaluateOffPolicy(log.slice(0, 60), uniformOf(1)).conclusive).toBe(false)
  })

  it('refuse what cannot be judged by, naming the choice', () => {
    const [choice] = adaptiveLog(1, 1) as [LoggedChoice]
    expect(() => evaluateOffPolicy([], uniformOf(1))).toThrow('the log is empty')
    expect(() => evaluateOffPolicy([{ ...choice, logged: [0, 0, 0] }], uniformOf(1))).toThrow(
      'choice 0: the propensity of what was chosen must be in (0, 1], found 0',
    )
    expect(() => evaluateOffPolicy([{ ...choice, target: [1] }], uniformOf(1))).toThrow('choice 0')
  })
})
