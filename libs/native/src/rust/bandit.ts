/** The addon's bandit behind the interface: strategies become numbers, because a string across costs more than a draw. */
import { type Bandit, STRATEGIES, type StrategyName } from '../types.ts'
import type { AddonBandit } from './addon.ts'

export class RustBandit implements Bandit {
  readonly #bandit: AddonBandit
  #size = 0

  constructor(bandit: AddonBandit) {
    this.#bandit = bandit
  }

  get size(): number {
    return this.#size
  }

  addArm(hash: number, alpha: number, beta: number): number {
    const arm = this.#bandit.addArm(hash, alpha, beta)
    this.#size = arm + 1
    return arm
  }

  select(
    strategy: StrategyName,
    seedHi: number,
    seedLo: number,
    now: number,
    qualityWeight: number,
    penalties: Float64Array,
    qualities: Float64Array,
  ): number {
    const code = codeOf(strategy)
    return this.#bandit.select(code, seedHi, seedLo, now, qualityWeight, penalties, qualities)
  }

  selectBatch(
    strategy: StrategyName,
    seeds: Uint32Array,
    now: number,
    qualityWeight: number,
    penalties: Float64Array,
    chosen: Int32Array,
  ): void {
    this.#bandit.selectBatch(codeOf(strategy), seeds, now, qualityWeight, penalties, chosen)
  }

  update(arm: number, reward: number, now: number): void {
    this.#bandit.update(arm, reward, now)
  }

  updateBatch(arms: Uint32Array, rewards: Float64Array, times: Float64Array): void {
    this.#bandit.updateBatch(arms, rewards, times)
  }

  posteriors(now: number, out: Float64Array): void {
    this.#bandit.posteriors(now, out)
  }

  snapshot(): Float64Array {
    return this.#bandit.snapshot()
  }

  restore(snapshot: Float64Array): number {
    return this.#bandit.restore(snapshot)
  }

  merge(snapshot: Float64Array): void {
    this.#bandit.merge(snapshot)
  }

  snapshotArm(arm: number): Float64Array {
    return this.#bandit.snapshotArm(arm)
  }

  restoreArm(arm: number, snapshot: Float64Array): boolean {
    return this.#bandit.restoreArm(arm, snapshot)
  }
}

function codeOf(strategy: StrategyName): number {
  const code = STRATEGIES.indexOf(strategy)
  if (code >= 0) return code
  throw new RangeError(`strategy must be thompson, ucb or greedy, found ${strategy}`)
}
