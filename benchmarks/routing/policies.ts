/** Who plays: the policy that users get, and its rivals. Each sees features, and the reward and cost of what it chose. */
import { ContextualPolicy } from '@atp/domain/routing'
import { loadNative, PROMPT_FEATURES } from '@atp/native'
import { Random } from './shuffle.ts'

export interface Policy {
  choose(features: Float64Array, step: number): number
  /** @param reward null where nobody judged the answer */
  /** An arm more, from now on. */
  welcome(hash: number): void
  learn(arm: number, features: Float64Array, reward: number | null, costUsd: number): void
}

export interface PolicySetup {
  readonly hashes: readonly number[]
  readonly budgetUsd: number
  readonly seed: number
}

/** Assumed of an answer before any was paid for: no model of today costs nothing, and few cost more than ten times this. */
export const EXPECTED_USD = 0.001

const native = loadNative()

export const POLICIES: Readonly<Record<string, (setup: PolicySetup) => Policy>> = {
  atp,
  'thompson, no context': contextFree,
  random,
}

function atp({ hashes, budgetUsd, seed }: PolicySetup): Policy {
  const policy = new ContextualPolicy({
    native,
    dimension: PROMPT_FEATURES,
    halfLifeMs: Number.POSITIVE_INFINITY,
    budgetUsd,
  })
  for (const hash of hashes) policy.addArm({ hash, expectedUsd: EXPECTED_USD })
  return {
    welcome: hash => policy.addArm({ hash, expectedUsd: EXPECTED_USD }),
    choose: (features, step) => policy.choose('thompson', features, seed, step, 0).arm,
    learn(arm, features, reward, costUsd) {
      policy.spent(arm, features, costUsd, 0)
      if (reward !== null) policy.judged(arm, features, reward, 0)
    },
  }
}

/** Beta-Thompson on reward alone: it knows neither prompt nor budget. */
function contextFree({ hashes, seed }: PolicySetup): Policy {
  const bandit = native.createBandit({ halfLifeMs: Number.POSITIVE_INFINITY })
  let weights = new Float64Array(0)
  const welcome = (hash: number) => {
    bandit.addArm(hash, 1, 1)
    weights = new Float64Array(bandit.size).fill(1)
  }
  hashes.forEach(welcome)
  return {
    welcome,
    choose(_features, step) {
      const [penalties, drawn] = [new Float64Array(bandit.size), new Float64Array(bandit.size)]
      return bandit.select('thompson', seed, step, 0, weights, penalties, drawn)
    },
    learn(arm, _features, reward) {
      if (reward !== null) bandit.update(arm, reward, 0)
    },
  }
}

function random({ hashes, seed }: PolicySetup): Policy {
  const generator = new Random(seed + 1)
  let arms = hashes.length
  return {
    welcome: () => {
      arms += 1
    },
    choose: () => Math.floor(generator.uniform() * arms),
    learn: () => undefined,
  }
}
