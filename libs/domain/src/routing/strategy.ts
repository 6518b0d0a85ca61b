/** How a model is chosen: by what is known of each model alone, or by what the prompt looks like as well. */
import { STRATEGIES, type StrategyName } from '@atp/native'

/** Each contextual strategy, and the rule that it follows once qualities are expected by the prompt. */
const CONTEXTUAL = { linthompson: 'thompson', linucb: 'ucb' } as const

export type ContextualStrategy = keyof typeof CONTEXTUAL
export type RoutingStrategy = StrategyName | ContextualStrategy

export const ROUTING_STRATEGIES: readonly RoutingStrategy[] = [
  ...STRATEGIES,
  ...(Object.keys(CONTEXTUAL) as ContextualStrategy[]),
]

export function isContextual(strategy: RoutingStrategy): strategy is ContextualStrategy {
  return strategy in CONTEXTUAL
}

export function ruleOf(strategy: RoutingStrategy): StrategyName {
  return isContextual(strategy) ? CONTEXTUAL[strategy] : strategy
}
