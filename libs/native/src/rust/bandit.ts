/** The addon's bandit behind the interface. */
import { checkFloats, checkIntegers, checkNumber, checkWords } from '../argument-types.ts'
import { type Bandit, type BanditOptions, type StrategyName, WINDOW_MS } from '../types.ts'
import type { Addon, Handle } from './addon.ts'
import { codeOf } from './strategy-code.ts'

export class RustBandit implements Bandit {
  readonly #addon: Addon
  readonly #handle: Handle<'bandit'>
  #size = 0

  constructor(addon: Addon, options: BanditOptions) {
    this.#addon = addon
    const { halfLifeMs, windowMs = WINDOW_MS, ucbExploration = 1 } = options
    checkNumber('halfLifeMs', halfLifeMs)
    checkNumber('windowMs', windowMs)
    checkNumber('ucbExploration', ucbExploration)
    this.#handle = addon.createBandit(halfLifeMs, windowMs, ucbExploration)
  }

  get size(): number {
    return this.#size
  }

  addArm(hash: number, alpha: number, beta: number): number {
    checkNumber('hash', hash)
    checkNumber('alpha', alpha)
    checkNumber('beta', beta)
    const arm = this.#addon.banditAddArm(this.#handle, hash, alpha, beta)
    this.#size = arm + 1
    return arm
  }

  select(
    strategy: StrategyName,
    seedHi: number,
    seedLo: number,
    now: number,
    weights: Float64Array,
    penalties: Float64Array,
    qualities: Float64Array,
    context?: Float64Array,
  ): number {
    checkNumber('seedHi', seedHi)
    checkNumber('seedLo', seedLo)
    checkNumber('now', now)
    checkFloats('weights', weights)
    checkFloats('penalties', penalties)
    checkFloats('qualities', qualities)
    if (context !== undefined) checkFloats('context', context)
    return this.#addon.banditSelect(
      this.#handle,
      codeOf(strategy),
      seedHi,
      seedLo,
      now,
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
    weights: Float64Array,
    penalties: Float64Array,
    chosen: Int32Array,
  ): void {
    checkWords('seeds', seeds)
    checkNumber('now', now)
    checkFloats('weights', weights)
    checkFloats('penalties', penalties)
    checkIntegers('chosen', chosen)
    this.#addon.banditSelectBatch(this.#handle, codeOf(strategy), seeds, now, weights, penalties, chosen)
  }

  update(arm: number, reward: number, now: number, context?: Float64Array): void {
    checkNumber('arm', arm)
    checkNumber('reward', reward)
    checkNumber('now', now)
    if (context !== undefined) checkFloats('context', context)
    this.#addon.banditUpdate(this.#handle, arm, reward, now, context)
  }

  updateBatch(arms: Uint32Array, rewards: Float64Array, times: Float64Array): void {
    checkWords('arms', arms)
    checkFloats('rewards', rewards)
    checkFloats('times', times)
    this.#addon.banditUpdateBatch(this.#handle, arms, rewards, times)
  }

  posteriors(now: number, out: Float64Array, context?: Float64Array): void {
    checkNumber('now', now)
    checkFloats('out', out)
    if (context !== undefined) checkFloats('context', context)
    this.#addon.banditPosteriors(this.#handle, now, out, context)
  }

  snapshot(): Float64Array {
    return this.#addon.banditSnapshot(this.#handle)
  }

  restore(snapshot: Float64Array): number {
    checkFloats('snapshot', snapshot)
    return this.#addon.banditRestore(this.#handle, snapshot)
  }

  merge(snapshot: Float64Array): void {
    checkFloats('snapshot', snapshot)
    this.#addon.banditMerge(this.#handle, snapshot)
  }

  snapshotArm(arm: number): Float64Array {
    checkNumber('arm', arm)
    return this.#addon.banditSnapshotArm(this.#handle, arm)
  }

  restoreArm(arm: number, snapshot: Float64Array): boolean {
    checkNumber('arm', arm)
    checkFloats('snapshot', snapshot)
    return this.#addon.banditRestoreArm(this.#handle, arm, snapshot)
  }
}
