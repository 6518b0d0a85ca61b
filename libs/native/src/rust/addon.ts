/** What `crates/atp-napi` exports. Strategies cross as their index in `STRATEGIES`; everything else as in `types.ts`. */
import type { LatencySketch, SlidingWindow } from '../types.ts'

/** Raised on both sides whenever a signature or a meaning changes. */
export const INTERFACE_VERSION = 1

export interface AddonBandit {
  addArm(hash: number, alpha: number, beta: number): number
  select(
    strategy: number,
    seedHi: number,
    seedLo: number,
    now: number,
    qualityWeight: number,
    penalties: Float64Array,
    qualities: Float64Array,
  ): number
  selectBatch(
    strategy: number,
    seeds: Uint32Array,
    now: number,
    qualityWeight: number,
    penalties: Float64Array,
    chosen: Int32Array,
  ): void
  update(arm: number, reward: number, now: number): void
  updateBatch(arms: Uint32Array, rewards: Float64Array, times: Float64Array): void
  posteriors(now: number, out: Float64Array): void
  snapshot(): Float64Array
  restore(snapshot: Float64Array): number
  merge(snapshot: Float64Array): void
  snapshotArm(arm: number): Float64Array
  restoreArm(arm: number, snapshot: Float64Array): boolean
}

export interface Addon {
  interfaceVersion(): number
  hash64(text: string): readonly number[]
  readonly Bandit: new (halfLifeMs: number, ucbExploration: number) => AddonBandit
  readonly SlidingWindow: new (windowUs: number, limit: number) => SlidingWindow
  readonly LatencySketch: new (halfLifeMs: number) => LatencySketch
}
