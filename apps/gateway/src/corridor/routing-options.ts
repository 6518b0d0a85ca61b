/** What a caller may say about routing, in the words of the wire; the HTTP schemas promise this shape. */
import type { Preset, Weights } from '@atp/domain/routing'
import type { StrategyName } from '@atp/native'

export interface RoutingOptions {
  readonly quality?: Preset | Weights
  readonly strategy?: StrategyName
  readonly max_cost_usd?: number
  readonly latency_slo_ms?: number
  readonly allow?: readonly string[]
  readonly deny?: readonly string[]
  readonly decision_seed?: string
}
