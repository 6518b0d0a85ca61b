/**
 * What `crates/atp-napi` exports: functions on handles. Strategies cross as their index in `STRATEGIES`; everything else
 * is as in `types.ts`.
 */

/** Raised on both sides whenever a signature or a meaning changes. */
export const INTERFACE_VERSION = 12

declare const kind: unique symbol

/** State in Rust; freed with the last reference to it. */
export interface Handle<Kind extends string> {
  readonly [kind]: Kind
}

export interface Addon {
  interfaceVersion(): number
  hash64(text: string): readonly number[]
  promptFeatures(text: string, out: Float64Array): void

  createBandit(halfLifeMs: number, windowMs: number, ucbExploration: number): Handle<'bandit'>
  banditAddArm(bandit: Handle<'bandit'>, hash: number, alpha: number, beta: number): number
  banditSelect(
    bandit: Handle<'bandit'>,
    strategy: number,
    seedHi: number,
    seedLo: number,
    now: number,
    weights: Float64Array,
    penalties: Float64Array,
    qualities: Float64Array,
    context: Float64Array | undefined,
  ): number
  banditSelectBatch(
    bandit: Handle<'bandit'>,
    strategy: number,
    seeds: Uint32Array,
    now: number,
    weights: Float64Array,
    penalties: Float64Array,
    chosen: Int32Array,
  ): void
  banditUpdate(
    bandit: Handle<'bandit'>,
    arm: number,
    reward: number,
    now: number,
    context: Float64Array | undefined,
  ): void
  banditUpdateBatch(
    bandit: Handle<'bandit'>,
    arms: Uint32Array,
    rewards: Float64Array,
    times: Float64Array,
  ): void
  banditPosteriors(
    bandit: Handle<'bandit'>,
    now: number,
    out: Float64Array,
    context: Float64Array | undefined,
  ): void
  banditSnapshot(bandit: Handle<'bandit'>): Float64Array
  banditRestore(bandit: Handle<'bandit'>, snapshot: Float64Array): number
  banditMerge(bandit: Handle<'bandit'>, snapshot: Float64Array): void
  banditSnapshotArm(bandit: Handle<'bandit'>, arm: number): Float64Array
  banditRestoreArm(bandit: Handle<'bandit'>, arm: number, snapshot: Float64Array): boolean

  createLinear(
    dimension: number,
    biasRidge: number,
    ridge: number,
    commonRidge: number,
    halfLifeMs: number,
    noise: number,
    exploration: number,
    changeThreshold: number,
  ): Handle<'linear'>
  linearAddArm(bandit: Handle<'linear'>, hash: number, prior: number): number
  linearSelect(
    bandit: Handle<'linear'>,
    strategy: number,
    seedHi: number,
    seedLo: number,
    now: number,
    x: Float64Array,
    weights: Float64Array,
    penalties: Float64Array,
    qualities: Float64Array,
    context: Float64Array | undefined,
  ): number
  linearSelectBatch(
    bandit: Handle<'linear'>,
    strategy: number,
    seeds: Uint32Array,
    now: number,
    features: Float64Array,
    weights: Float64Array,
    penalties: Float64Array,
    chosen: Int32Array,
  ): void
  linearEstimate(
    bandit: Handle<'linear'>,
    now: number,
    x: Float64Array,
    means: Float64Array,
    deviations: Float64Array,
    context: Float64Array | undefined,
  ): void
  linearUpdate(
    bandit: Handle<'linear'>,
    arm: number,
    x: Float64Array,
    target: number,
    weight: number,
    now: number,
    context: Float64Array | undefined,
  ): void
  linearChanges(bandit: Handle<'linear'>, arm: number): number
  linearSnapshotArm(bandit: Handle<'linear'>, arm: number): Float64Array
  linearRestoreArm(bandit: Handle<'linear'>, arm: number, snapshot: Float64Array): boolean
  linearMergeArm(bandit: Handle<'linear'>, arm: number, snapshot: Float64Array): void

  createWindow(windowUs: number): Handle<'window'>
  windowCount(window: Handle<'window'>, nowUs: number): number
  windowWaitUs(window: Handle<'window'>, nowUs: number, amount: number, limit: number): number
  windowAdd(window: Handle<'window'>, nowUs: number, amount: number): number
  windowTakeBack(window: Handle<'window'>, atUs: number, amount: number): void
  windowIdleUs(window: Handle<'window'>): number

  createSketch(halfLifeMs: number): Handle<'sketch'>
  sketchRecord(sketch: Handle<'sketch'>, valueMs: number, now: number): void
  sketchQuantile(sketch: Handle<'sketch'>, q: number): number
  sketchCount(sketch: Handle<'sketch'>, now: number): number
  sketchSnapshot(sketch: Handle<'sketch'>): Float64Array
  sketchRestore(sketch: Handle<'sketch'>, snapshot: Float64Array): void
  sketchMerge(sketch: Handle<'sketch'>, snapshot: Float64Array): void
}
