/** What came of a decision. */
import type { ArmId, DecisionId, ObservationId, TenantId } from '@atp/core/ids'
import type { EpochMs, MicroUsd, Milliseconds } from '@atp/core/units'

/**
 * - `success`: the model answered; its quality may be unknown.
 * - `error`, `timeout`: the model failed: it is less reliable. `cut`: the stream ended before the answer did: likewise.
 * - `rate_limited`: not the model's fault: nothing is learned from it. `rejected`: the request could not be sent, or the provider
 *   found it wrong, `cancelled`: the client went away: likewise.
 */
export const OUTCOMES = [
  'success',
  'error',
  'timeout',
  'cut',
  'rate_limited',
  'rejected',
  'cancelled',
] as const
export type Outcome = (typeof OUTCOMES)[number]

/**
 * - `attempt`: a call of the gateway's own. `feedback`: a judgement of an earlier answer. `outside`: a call that somebody else made.
 * - `judging`: a call that asked a model what an earlier answer is worth: billed apart from it.
 * - `replacement`: the first judgement of an answer takes the place of what that answer said of itself.
 */
export const OBSERVATION_KINDS = ['attempt', 'feedback', 'outside', 'judging', 'replacement'] as const
export type ObservationKind = (typeof OBSERVATION_KINDS)[number]

/** No call has more tokens of a kind: a larger figure is a mistake, and would be billed and learned from. */
export const MOST_TOKENS = 1e9

export interface Usage {
  readonly inputTokens: number
  readonly outputTokens: number
  /** True where the provider gave no figure and a tokenizer counted. */
  readonly estimated: boolean
}

export interface Observation {
  readonly id: ObservationId
  readonly kind: ObservationKind
  readonly at: EpochMs
  readonly tenant: TenantId
  /** Null for an outside observation. */
  readonly decisionId: DecisionId | null
  readonly arm: ArmId
  readonly outcome: Outcome
  /** In [0, 1]; null where nobody judged. */
  readonly quality: number | null
  readonly latency: Milliseconds | null
  readonly timeToFirstToken: Milliseconds | null
  readonly usage: Usage | null
  readonly cost: MicroUsd | null
}
