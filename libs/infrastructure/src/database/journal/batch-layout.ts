/**
 * How a batch crosses to the journal's thread: one array of numbers and one of strings, because cloning nested objects costs
 * ten times as much on the thread that serves requests. Observations come first, then decisions, each field by field
 * in the order below. A number that is unknown is NaN. A name that repeats (an arm, an outcome) is a number in a
 * dictionary that both threads hold.
 */

/** Per observation: kind, at, arm, outcome, quality, latency, time to first token, tokens in, tokens out, estimated, cost. */
export const NUMBERS_PER_OBSERVATION = 11
/**
 * Per decision: at, arm, strategy, pinned, state version, three weights, exploration, the shadow's strategy and arm, signal, its
 * worth, how many candidates.
 */
export const NUMBERS_PER_DECISION = 14
/**
 * Per candidate: arm, score, three terms, mean, alpha, beta, reliability, cost, latency, tokens, how many exclusions. By a contextual
 * strategy alpha is unknown, and in beta's place stands the deviation.
 */
export const NUMBERS_PER_CANDIDATE = 13
// An observation has three strings: id, tenant, decision id. A decision has six: id, tenant, seed, features, task, key. After the
// candidates of a decision comes one number for each exclusion, its reason, and one string, its detail.

/** What the journal's thread is given to commit. */
export interface EncodedBatch {
  readonly observations: number
  readonly decisions: number
  readonly numbers: Float64Array<ArrayBuffer>
  readonly strings: readonly (string | null)[]
  /** Names new to the dictionary, numbered on from the last. */
  readonly names: readonly string[]
}
