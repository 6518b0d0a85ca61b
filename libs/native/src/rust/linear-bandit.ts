/** The addon's contextual bandit behind the interface. */
import { checkFloats, checkIntegers, checkNumber, checkWords } from '../argument-types.ts'
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
    checkNumber('dimension', dimension)
    checkNumber('biasRidge', biasRidge)
    checkNumber('ridge', ridge)
    checkNumber('commonRidge', commonRidge)
    checkNumber('halfLifeMs', halfLifeMs)
    checkNumber('noise', noise)
    checkNumber('exploration', exploration)
    checkNumber('changeThreshold', changeThreshold)
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
    checkNumber('hash', hash)
    checkNumber('prior', prior)
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
    context?: Float64Array,
  ): number {
    checkNumber('seedHi', seedHi)
    checkNumber('seedLo', seedLo)
    checkNumber('now', now)
    checkFloats('x', x)
    checkFloats('weights', weights)
    checkFloats('penalties', penalties)
    checkFloats('qualities', qualities)
    if (context !== undefined) checkFloats('context', context)
    return this.#addon.linearSelect(
      this.#handle,
      codeOf(strategy),
      seedHi,
      seedLo,
      now,
      x,
      weights,
      penalties,
      qualities,
      context,
    )
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
    checkWords('seeds', seeds)
    checkNumber('now', now)
    checkFloats('features', features)
    checkFloats('weights', weights)
    checkFloats('penalties', penalties)
    checkIntegers('chosen', chosen)
    const code = codeOf(strategy)
    this.#addon.linearSelectBatch(this.#handle, code, seeds, now, features, weights, penalties, chosen)
  }

  estimate(
    now: number,
    x: Float64Array,
    means: Float64Array,
    deviations: Float64Array,
    context?: Float64Array,
  ): void {
    checkNumber('now', now)
    checkFloats('x', x)
    checkFloats('means', means)
    checkFloats('deviations', deviations)
    if (context !== undefined) checkFloats('context', context)
    this.#addon.linearEstimate(this.#handle, now, x, means, deviations, context)
  }

  update(
    arm: number,
    x: Float64Array,
    target: number,
    weight: number,
    now: number,
    context?: Float64Array,
  ): void {
    checkNumber('arm', arm)
    checkFloats('x', x)
    checkNumber('target', target)
    checkNumber('weight', weight)
    checkNumber('now', now)
    if (context !== undefined) checkFloats('context', context)
    this.#addon.linearUpdate(this.#handle, arm, x, target, weight, now, context)
  }

  changes(arm: number): number {
    checkNumber('arm', arm)
    return this.#addon.linearChanges(this.#handle, arm)
  }

  snapshotArm(arm: number): Float64Array {
    checkNumber('arm', arm)
    return this.#addon.linearSnapshotArm(this.#handle, arm)
  }

  restoreArm(arm: number, snapshot: Float64Array): boolean {
    checkNumber('arm', arm)
    checkFloats('snapshot', snapshot)
    return this.#addon.linearRestoreArm(this.#handle, arm, snapshot)
  }

  mergeArm(arm: number, snapshot: Float64Array): void {
    checkNumber('arm', arm)
    checkFloats('snapshot', snapshot)
    this.#addon.linearMergeArm(this.#handle, arm, snapshot)
  }
}
