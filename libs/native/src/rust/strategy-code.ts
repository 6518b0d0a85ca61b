/** Strategies cross to the addon as their index in `STRATEGIES`: a string across costs more than a draw. */
import { nameOf } from '../argument-types.ts'
import { STRATEGIES, type StrategyName } from '../types.ts'

export function codeOf(strategy: StrategyName): number {
  const code = STRATEGIES.indexOf(strategy)
  if (code >= 0) return code
  throw new RangeError(`strategy must be one of ${STRATEGIES.join(', ')}, found ${nameOf(strategy)}`)
}
