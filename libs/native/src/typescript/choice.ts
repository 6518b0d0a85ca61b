/** What a decision weighs, and which arm wins: the same for every bandit. The Rust twin is `atp_math::choice`. */
import { checkFloats, nameOf } from '../argument-types.ts'
import { STRATEGIES, type StrategyName } from '../types.ts'
import { checkFinite, checkLength } from './checks.ts'

export function checkStrategy(strategy: string): asserts strategy is StrategyName {
  if ((STRATEGIES as readonly string[]).includes(strategy)) return
  throw new RangeError(`strategy must be one of ${STRATEGIES.join(', ')}, found ${nameOf(strategy)}`)
}

export function checkWeighing(
  now: number,
  weights: Float64Array,
  penalties: Float64Array,
  arms: number,
): void {
  checkFinite('now', now, 0)
  checkFloats('weights', weights)
  checkFloats('penalties', penalties)
  checkLength('weights', weights.length, arms)
  checkLength('penalties', penalties.length, arms)
  for (let arm = 0; arm < weights.length; arm += 1) {
    const weight = weights[arm] as number
    if (weight >= 0 && weight <= Number.MAX_VALUE) continue
    throw new RangeError(`weights[${arm}] must be a finite number of at least 0, found ${weight}`)
  }
  for (let arm = 0; arm < penalties.length; arm += 1) {
    const penalty = penalties[arm] as number
    if (penalty > Number.NEGATIVE_INFINITY) continue
    throw new RangeError(`penalties[${arm}] must be a finite number or Infinity, found ${penalty}`)
  }
}

/** What is written must not share memory with what is read. */
export function checkApart(
  written: string,
  target: ArrayBufferView,
  read: string,
  source: ArrayBufferView,
): void {
  if (target.buffer !== source.buffer) return
  if (target.byteOffset + target.byteLength <= source.byteOffset) return
  if (source.byteOffset + source.byteLength <= target.byteOffset) return
  throw new RangeError(`${written} must not share memory with ${read}`)
}

/**
 * argmax of weights_i * qualities_i - penalties_i over eligible arms; ties go to the lower penalty, then to the lower hash.
 * @returns -1 where none is eligible
 */
export function bestArm(
  weights: Float64Array,
  penalties: Float64Array,
  qualities: Float64Array,
  arms: readonly { readonly hash: number }[],
): number {
  let best = -1
  let most = 0
  for (let arm = 0; arm < arms.length; arm += 1) {
    const penalty = penalties[arm] as number
    if (penalty === Number.POSITIVE_INFINITY) continue
    const utility = (weights[arm] as number) * (qualities[arm] as number) - penalty
    if (best < 0 || utility > most || (utility === most && winsTie(arm, best, penalties, arms))) {
      best = arm
      most = utility
    }
  }
  return best
}

function winsTie(
  arm: number,
  other: number,
  penalties: Float64Array,
  arms: readonly { readonly hash: number }[],
): boolean {
  const mine = penalties[arm] as number
  const theirs = penalties[other] as number
  if (mine !== theirs) return mine < theirs
  return (arms[arm]?.hash as number) < (arms[other]?.hash as number)
}
