/** One request on its way through the corridor: what is known when it enters, and what its attempts came to. */
import type { DecisionId, TenantId } from '@atp/core/ids'
import type { EpochMs } from '@atp/core/units'
import type { ChatBody } from '@atp/domain/adapter'
import type { Observation, RecordedSignal } from '@atp/domain/observation'
import type { Plan } from '@atp/domain/routing'
import type { Caller } from './authenticate.ts'
import type { RoutingOptions } from './routing-options.ts'

export interface Exchange {
  readonly id: DecisionId
  readonly caller: Caller
  /** The caller's. */
  readonly tenant: TenantId
  readonly at: EpochMs
  readonly body: ChatBody
  readonly options: RoutingOptions
  /** Aborted when the client goes away. */
  readonly signal: AbortSignal
}

/** An exchange that has its plan. */
export interface Walk {
  readonly exchange: Exchange
  readonly plan: Plan
  /** One settled observation for each model tried, in order. */
  readonly attempts: Observation[]
  /** US dollars that the tenant's budget was charged ahead; 0 once the true cost has taken their place. */
  reservedUsd: number
  /** What the answer said of itself; null where that was nothing. */
  signal: RecordedSignal | null
}
