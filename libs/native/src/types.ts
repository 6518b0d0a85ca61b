/** The interface that the Rust addon and the TypeScript fallback both implement, decision for decision alike. */

export const STRATEGIES = ['thompson', 'ucb', 'klucb', 'swucb', 'greedy'] as const
export type StrategyName = (typeof STRATEGIES)[number]

/**
 * Figures that a context keeps of each arm: two decayed sums, and the milliseconds of the latest observation in them. A *context* is
 * a part of the traffic that has a taste of its own (a tenant and its task): it starts from what all taught, its parent, and
 * what it sees itself moves it away from there (partial pooling). Its figures are an array of the caller's, zeros at first: so
 * any number of contexts share one bandit, and sums of the same time are additive between replicas. Of a `Bandit` the sums are
 * successes and failures, of a `LinearBandit` weights of observations and what targets exceeded their expectation by.
 */
export const CONTEXT_FIGURES = 3

/**
 * A multi-armed bandit with time-based forgetting. Arms are indices 0 .. size-1, in the order of `addArm`.
 * Times are milliseconds of one clock, not negative; an earlier time than an arm has seen counts as the arm's latest.
 * Illegal arguments (NaN, infinity, wrong lengths, an unknown index) throw a RangeError that names the argument, those of another type a
 * TypeError that does; both change nothing.
 */
export interface Bandit {
  readonly size: number

  /**
   * Adds an arm with a Beta(alpha, beta) prior, both from 1e-6 to 1e9.
   * @param hash 32 bits that name the arm wherever it is drawn: draws don't depend on the order of arms.
   * @returns the arm's index
   */
  addArm(hash: number, alpha: number, beta: number): number

  /**
   * Chooses argmax of `weights_i * q_i - penalties_i` over eligible arms, where q_i is the strategy's
   * index of the arm's quality: a draw from its posterior (`thompson`), an upper bound (`ucb`: UCB1; `klucb`: KL-UCB, tighter where
   * rewards are near 0 or 1; `swucb`: sliding-window UCB, Garivier & Moulines 2011), its mean (`greedy`). Evidence fades, so the
   * first two bounds are those of discounted UCB; the third takes what the window holds, and nothing else. Consumes nothing: the
   * same seed and state give the same choice.
   * @param seed two 32-bit words that name the decision
   * @param weights length `size`: what a unit of each arm's quality is worth, finite and not negative
   * @param penalties length `size`: weighted cost and latency; +Infinity marks an arm that is not eligible
   * @param qualities length `size`, written: q_i of each eligible arm, NaN for the others; not the same array as the others
   * @param context length `CONTEXT_FIGURES * size`: who decides; left out, it is the parent of all
   * @returns the chosen index, or -1 where no arm is eligible. Ties: lower penalty, then lower hash.
   */
  select(
    strategy: StrategyName,
    seedHi: number,
    seedLo: number,
    now: number,
    weights: Float64Array,
    penalties: Float64Array,
    qualities: Float64Array,
    context?: Float64Array,
  ): number

  /**
   * `chosen.length` decisions against one state in one call; the k-th uses the seed words `seeds[2k], seeds[2k+1]`.
   * @param chosen written: the index of each decision, or -1
   */
  selectBatch(
    strategy: StrategyName,
    seeds: Uint32Array,
    now: number,
    weights: Float64Array,
    penalties: Float64Array,
    chosen: Int32Array,
  ): void

  /** Learns a reward in [0, 1] for an arm, observed at `now`. @param context written too, where it was observed in one */
  update(arm: number, reward: number, now: number, context?: Float64Array): void
  updateBatch(arms: Uint32Array, rewards: Float64Array, times: Float64Array): void

  /** Writes [alpha, beta] of each arm at `now`, prior included: length `2 * size`. */
  posteriors(now: number, out: Float64Array, context?: Float64Array): void

  /**
   * Versioned sufficient statistics, additive between replicas; priors are not in it:
   * [version, size, then of each arm successes, failures, time and the figures of its window].
   */
  snapshot(): Float64Array
  /**
   * Replaces the statistics. Throws a RangeError on another version or size; one from before there were windows (version 1), or
   * with windows of another length, leaves them empty.
   * An arm with illegal figures is reset to its prior. @returns the number of such arms
   */
  restore(snapshot: Float64Array): number
  /**
   * Adds the statistics of a snapshot to one's own: commutative and associative up to rounding. Throws a RangeError where windows
   * are not as long: their buckets don't add up.
   */
  merge(snapshot: Float64Array): void
  /** One arm's statistics, for whoever keeps them by name: [version, successes, failures, time, then the figures of its window]. */
  snapshotArm(arm: number): Float64Array
  /** Replaces one arm's statistics; illegal figures reset it to its prior. @returns whether the figures were legal */
  restoreArm(arm: number, snapshot: Float64Array): boolean
}

/** How far back `swucb` looks where nothing else is said: 6 hours. */
export const WINDOW_MS = 6 * 3_600_000

export interface BanditOptions {
  /** Milliseconds after which an observation counts half, at least 1; Infinity never forgets. */
  readonly halfLifeMs: number
  /**
   * Milliseconds that `swucb` looks back, finite and at least 1; 6 hours if not given. Counted in 32 buckets an arm: evidence of
   * this age or more never counts, evidence up to 31/32 of it always does.
   */
  readonly windowMs?: number
  /** Scales the exploration terms of `ucb` and `swucb`; 1 is as published. */
  readonly ucbExploration?: number
}

/**
 * Counts amounts in a sliding window with conservative sub-buckets: constant memory. Times are integer microseconds below 2^52,
 * amounts and limits integers up to 2^53 - 1. With W = windowUs: all that was added in the last W counts, and nothing that is
 * W * (1 + 1/64) old or older. Looking changes nothing; what is added moves the window on in time, and it never goes back.
 */
export interface SlidingWindow {
  /** What counts at `nowUs`. */
  count(nowUs: number): number
  /** Microseconds from `nowUs` until `amount` more keeps to `limit` if nothing else comes; 0 is now; Infinity is never. */
  waitUs(nowUs: number, amount: number, limit: number): number
  /**
   * Counts `amount` at `nowUs`, up to 2^53 - 1 in all; a time before the latest sub-bucket counts in it.
   * @returns what counts then
   */
  add(nowUs: number, amount: number): number
  /** `amount` of what was added at `atUs` was too much: it counts no more, where it still did. */
  takeBack(atUs: number, amount: number): void
  /** From then on, in microseconds, it is as if nothing had ever been added. */
  idleUs(): number
}

/**
 * Quantiles of a stream of positive values, recent ones weighing more: logarithmic buckets of 1% relative error
 * (DDSketch, Masson et al. 2019) with exponential time decay. Additive.
 */
export interface LatencySketch {
  /** Adds a value, in milliseconds (clamped to [0.1, 3,600,000]), seen at `now` (milliseconds). */
  record(valueMs: number, now: number): void
  /** The q-quantile, q in [0, 1]; NaN where nothing was recorded. */
  quantile(q: number): number
  /** Decayed number of values at `now`. */
  count(now: number): number
  snapshot(): Float64Array
  restore(snapshot: Float64Array): void
  merge(snapshot: Float64Array): void
}

/**
 * A contextual bandit: each arm's quality is linear in a request's features x, of which x[0] is 1 (the bias). Ridge regression
 * with forgetting by time, one model an arm, which starts from what the models of all arms have in common. Arms, times and illegal arguments are as in `Bandit`.
 */
export interface LinearBandit {
  readonly size: number

  /**
   * @param hash 32 bits that name the arm wherever it is drawn
   * @param prior the target that is expected before any was observed, whatever the features
   * @returns the arm's index
   */
  addArm(hash: number, prior: number): number

  /**
   * Chooses as `Bandit.select` does. The index of an arm's quality is, with m its expectation and s its deviation:
   * `thompson` m + exploration * s * z with z standard normal (linear Thompson sampling, Agrawal & Goyal 2013), `ucb`
   * m + exploration * s (LinUCB, Li et al. 2010), `greedy` m; `klucb` is refused.
   * @param x length `dimension`, each from -1e3 to 1e3
   */
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
  ): number

  /**
   * `chosen.length` decisions against one state in one call, as `select` takes them; the k-th uses the seed words
   * `seeds[2k], seeds[2k+1]` and the k-th row of `features`.
   * @param features row-major, `chosen.length` rows of `dimension`
   * @param chosen written: the index of each decision, or -1
   */
  selectBatch(
    strategy: StrategyName,
    seeds: Uint32Array,
    now: number,
    features: Float64Array,
    weights: Float64Array,
    penalties: Float64Array,
    chosen: Int32Array,
  ): void

  /**
   * @param means length `size`, written: each arm's expected target
   * @param deviations length `size`, written: the deviation of that expectation
   */
  estimate(
    now: number,
    x: Float64Array,
    means: Float64Array,
    deviations: Float64Array,
    context?: Float64Array,
  ): void

  /**
   * Learns a target of an arm, observed at `now`.
   * @param target from -1e6 to 1e6
   * @param weight what it counts for beside others: above 0, at most 1e3
   * @param context written too, where it was observed in one
   */
  update(
    arm: number,
    x: Float64Array,
    target: number,
    weight: number,
    now: number,
    context?: Float64Array,
  ): void

  /** How many times since it was added an arm was found changed, and kept only `KEPT_AT_CHANGE` of its evidence; not in its snapshot. */
  changes(arm: number): number

  /** How many times since it was added an arm was found changed, and kept only `KEPT_AT_CHANGE` of its evidence; not in its snapshot. */
  changes(arm: number): number

  /** One arm's [version, dimension, epoch, weight, squares, moment, lower triangle of the gram matrix]: additive between replicas. */
  snapshotArm(arm: number): Float64Array
  /**
   * Replaces one arm's statistics, and lets it watch for changes from where it was; illegal figures reset both.
   * @returns whether the figures were legal
   */
  restoreArm(arm: number, snapshot: Float64Array): boolean
  /** Adds the statistics of a snapshot to an arm's own: commutative and associative up to rounding. */
  mergeArm(arm: number, snapshot: Float64Array): void
}

export interface LinearBanditOptions {
  /** Length of a feature vector: 1 to 256. */
  readonly dimension: number
  /** What the prior of the bias counts for, in observations: 1e-6 to 1e9, like all ridges. */
  readonly biasRidge: number
  /**
   * What the prior of an arm's other coefficients counts for where single targets spread by `noise`: they are expected within
   * `noise / sqrt(ridge)` of those that all arms share, whatever the spread turns out to be.
   */
  readonly ridge: number
  /** The same of the coefficients that all arms share, which are expected around 0 (a hierarchical prior, Lindley & Smith 1972). */
  readonly commonRidge: number
  /** Milliseconds after which an observation counts half, at least 1; Infinity never forgets. */
  readonly halfLifeMs: number
  /** Spread of a single target around its expectation, before any was observed; then it is learned. 1e-6 to 1e6. */
  readonly noise: number
  /** Scales the deviation of an expectation: 1 is Thompson sampling as published, less explores less. */
  readonly exploration: number
  /**
   * Deviations that surprises must add up to before an arm counts as changed and most of what it was is forgotten (Page 1954): at
   * least 1; Infinity never. At 8 a fall by two deviations is noticed after some six observations.
   */
  readonly changeThreshold: number
}

export interface NativeModule {
  /** Which implementation this is. */
  readonly implementation: 'rust' | 'typescript'
  createBandit(options: BanditOptions): Bandit
  createLinearBandit(options: LinearBanditOptions): LinearBandit
  /** @param windowUs from 1 to 2^51 */
  createSlidingWindow(windowUs: number): SlidingWindow
  createLatencySketch(halfLifeMs: number): LatencySketch
  /** 64 bits of a string as two unsigned words [hi, lo]: the seed of a decision, the hash of an arm. */
  hash64(text: string): readonly [hi: number, lo: number]
  /**
   * What a prompt looks like (see `typescript/prompt-features.ts`), from its first 16,384 UTF-16 code units, lone surrogates
   * included. Anything but a string, and an array of another length, throw a RangeError and change nothing.
   * @param out length `PROMPT_FEATURES`, written
   */
  promptFeatures(text: string, out: Float64Array): void
}
