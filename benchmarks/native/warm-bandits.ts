/** Bandits that have learned for a while, for operations to be measured on. */
import type { NativeModule } from '@atp/native'

export const START = 1_700_000_000_000
export const HALF_LIFE_MS = 3_600_000

/** Posteriors as after a few hundred rewards an arm. */
export function warmBandit(native: NativeModule, arms: number) {
  const bandit = native.createBandit({ halfLifeMs: HALF_LIFE_MS })
  for (let arm = 0; arm < arms; arm += 1) {
    bandit.addArm(native.hash64(`arm ${arm}`)[1], 2, 1)
    for (let k = 0; k < 300; k += 1) bandit.update(arm, (k % 10) / 10, START)
  }
  return bandit
}

export function linearDecider(native: NativeModule, dimension: number, arms: number) {
  const { bandit, contexts } = warmLinear(native, dimension, arms)
  const weights = new Float64Array(arms).fill(1)
  const penalties = new Float64Array(arms).fill(0.1)
  const qualities = new Float64Array(arms)
  const decide = (k: number, own?: Float64Array): number => {
    const x = contexts[k % contexts.length] as Float64Array
    return bandit.select('thompson', k, 7, START, x, weights, penalties, qualities, own)
  }
  return { bandit, contexts, decide }
}

/** A bandit that has learned from some thousand contexts, and contexts to go on with. */
export function warmLinear(native: NativeModule, dimension: number, arms: number) {
  const bandit = native.createLinearBandit({
    dimension,
    biasRidge: 1,
    ridge: 10,
    commonRidge: 10,
    halfLifeMs: HALF_LIFE_MS,
    noise: 0.25,
    changeThreshold: 8,
    exploration: 0.3,
  })
  for (let arm = 0; arm < arms; arm += 1) bandit.addArm(native.hash64(`arm ${arm}`)[1], 0.7)
  const contexts = Array.from({ length: 64 }, (_, context) =>
    Float64Array.from({ length: dimension }, (_, k) => (k === 0 ? 1 : Math.sin(context * dimension + k))),
  )
  for (let k = 0; k < 4_096; k += 1) {
    bandit.update(k % arms, contexts[k % contexts.length] as Float64Array, (k % 10) / 10, 1, START)
  }
  return { bandit, contexts }
}
