/** What a caller may say about routing, in the words of the wire; the HTTP schemas promise this shape. */
import type { Preset, RoutingStrategy, Weights } from '@atp/domain/routing'

export interface RoutingOptions {
  readonly quality?: Preset | Weights
  readonly strategy?: RoutingStrategy
  readonly max_cost_usd?: number
  readonly latency_slo_ms?: number
  readonly min_quality?: number
  readonly allow?: readonly string[]
  readonly deny?: readonly string[]
  readonly task?: string
  readonly decision_seed?: string
}
