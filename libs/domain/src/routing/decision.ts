/** One routing choice, explained. */
import type { ArmId, DecisionId, KeyId, TenantId } from '@atp/core/ids'
import type { EpochMs } from '@atp/core/units'
import type { RecordedSignal } from '../observation/signal.ts'
import type { ArmForecast } from './pacing/budget-pacer.ts'
import type { Candidate, Weights } from './request.ts'
import type { RoutingStrategy } from './strategy.ts'

/** What `plan` computes: pure, repeatable, nothing consumed. */
export interface Plan {
  readonly strategy: RoutingStrategy
  readonly weights: Weights
  readonly seed: string
  /** Counts the updates that the learned state had seen: two plans with the same seed and version are alike. */
  readonly stateVersion: number
  /** In the order in which they are tried; excluded ones last. */
  readonly candidates: readonly Candidate[]
  /** True where the client named the model: never learned from as if chosen. */
  readonly pinned: boolean
  /** The share of blind choices that this one was drawn with. */
  readonly exploration: number
  /** Whether it is another arm than the best by expectation that is asked first. */
  readonly explores: boolean
  /** What another strategy would have done, which nobody followed; null where none was asked. */
  readonly shadow: { readonly strategy: RoutingStrategy; readonly arm: ArmId } | null
  /** What was believed of each arm that may answer, for the tenant's budget; null where there is none. */
  readonly forecasts: readonly ArmForecast[] | null
  /** What the prompt looked like, encoded; null where nobody asked. */
  readonly features: string | null
}

/** A plan that was followed. */
export interface Decision extends Omit<Plan, 'forecasts' | 'explores'> {
  readonly id: DecisionId
  readonly tenant: TenantId
  /** What kind of work it was, where the request said so. */
  readonly task: string | null
  /** The key it was asked with; null where none was asked for. */
  readonly keyId: KeyId | null
  readonly at: EpochMs
  /** The arm that answered, or the last one tried. */
  readonly arm: ArmId
  /** What the answer said of itself; null where that was nothing, or where it was judged before it had ended. */
  readonly signal: RecordedSignal | null
}
