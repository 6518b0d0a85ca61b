/** What a linear bandit refuses. */
import { checkFloats } from '../argument-types.ts'
import type { LinearBanditOptions, StrategyName } from '../types.ts'
import { checkFinite, checkHalfLife, checkInteger, checkLength } from './checks.ts'
import { figureCount } from './linear-arm.ts'

const DIMENSION_MAX = 256
export const RIDGE_MIN = 1e-6
export const RIDGE_MAX = 1e9
const NOISE_MIN = 1e-6
const TARGET_MAX = 1e6
/** Features and weights beyond would leave nothing of the others in a double. */
const FEATURE_MAX = 1e3
const WEIGHT_MAX = 1e3
const WEIGHT_MIN = 2.2250738585072014e-308

/** Of a snapshot: it begins with version and dimension. */
export const VERSION = 1
export const HEADER = 2

export function checkOptions(options: LinearBanditOptions): void {
  checkInteger('dimension', options.dimension, 1, DIMENSION_MAX)
  checkFinite('biasRidge', options.biasRidge, RIDGE_MIN, RIDGE_MAX)
  checkFinite('ridge', options.ridge, RIDGE_MIN, RIDGE_MAX)
  checkFinite('commonRidge', options.commonRidge, RIDGE_MIN, RIDGE_MAX)
  checkHalfLife('halfLifeMs', options.halfLifeMs)
  checkFinite('noise', options.noise, NOISE_MIN, TARGET_MAX)
  checkFinite('exploration', options.exploration, 0)
  checkHalfLife('changeThreshold', options.changeThreshold)
}

export function checkPrior(prior: number): void {
  checkFinite('prior', prior, -TARGET_MAX, TARGET_MAX)
}

export function checkTarget(target: number, weight: number): void {
  checkFinite('target', target, -TARGET_MAX, TARGET_MAX)
  checkFinite('weight', weight, WEIGHT_MIN, WEIGHT_MAX)
}

export function checkSnapshot(snapshot: Float64Array, dimension: number): void {
  checkFloats('snapshot', snapshot)
  checkLength('snapshot', snapshot.length, HEADER + figureCount(dimension))
  if (snapshot[0] === VERSION && snapshot[1] === dimension) return
  throw new RangeError(
    `snapshot must be of version ${VERSION} and dimension ${dimension}, found ${snapshot[0]} and ${snapshot[1]}`,
  )
}

export function checkKnowsFeatures(strategy: StrategyName): void {
  if (strategy !== 'klucb' && strategy !== 'swucb') return
  throw new RangeError(`strategy must be thompson, ucb or greedy, found ${strategy}`)
}

export function checkFeatures(name: string, features: Float64Array, length: number): void {
  checkFloats(name, features)
  checkLength(name, features.length, length)
  for (let k = 0; k < features.length; k += 1) {
    const value = features[k] as number
    if (value >= -FEATURE_MAX && value <= FEATURE_MAX) continue
    throw new RangeError(`${name}[${k}] must be a number from -1000 to 1000, found ${value}`)
  }
}
