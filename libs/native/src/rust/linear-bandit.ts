/** The addon's contextual bandit behind the interface. */
import type { LinearBandit, LinearBanditOptions, StrategyName } from '../types.ts'
import type { Addon, Handle } from './addon.ts'
import { codeOf } from './strategy-code.ts'

export class RustLinearBandit implements LinearBandit {
  readonly #addon: Addon
  readonly #handle: Handle<'linear'>
  #size = 0

  constructor(addon: Addon, options: LinearBanditOptions) {
    const { dimension, biasRidge, ridge, commonRidge, halfLifeMs, noise, exploration, changeThreshold } =
      options
    this.#addon = addon
    this.#handle = addon.createLinear(
      dimension,
      biasRidge,
      ridge,
      commonRidge,
      halfLifeMs,
      noise,
      exploration,
      changeThreshold,
    )
  }

  get size(): number {
    return this.#size
  }

  addArm(hash: number, prior: number): number {
    const arm = this.#addon.linearAddArm(this.#handle, hash, prior)
    this.#size = arm + 1
    return arm
  }

  select(
    strategy: StrategyName,
    seedHi: number,
    seedLo: number,
    now: number,
    x: Float64Array,
    weights: Float64Array,
    penalties: Float64Array,
    qualities: Float64Array,
  ): number {
    const code = codeOf(strategy)
    return this.#addon.linearSelect(this.#handle, code, seedHi, seedLo, now, x, weights, penalties, qualities)
  }

  selectBatch(
    strategy: StrategyName,
    seeds: Uint32Array,
    now: number,
    features: Float64Array,
    weights: Float64Array,
    penalties: Float64Array,
    chosen: Int32Array,
  ): void {
    const code = codeOf(strategy)
    this.#addon.linearSelectBatch(this.#handle, code, seeds, now, features, weights, penalties, chosen)
  }

  estimate(now: number, x: Float64Array, means: Float64Array, deviations: Float64Array): void {
    this.#addon.linearEstimate(this.#handle, now, x, means, deviations)
  }

  update(arm: number, x: Float64Array, target: number, weight: number, now: number): void {
    this.#addon.linearUpdate(this.#handle, arm, x, target, weight, now)
  }

  changes(arm: number): number {
    return this.#addon.linearChanges(this.#handle, arm)
  }

  snapshotArm(arm: number): Float64Array {
    return this.#addon.linearSnapshotArm(this.#handle, arm)
  }

  restoreArm(arm: number, snapshot: Float64Array): boolean {
    return this.#addon.linearRestoreArm(this.#handle, arm, snapshot)
  }

  mergeArm(arm: number, snapshot: Float64Array): void {
    this.#addon.linearMergeArm(this.#handle, arm, snapshot)
  }
}
