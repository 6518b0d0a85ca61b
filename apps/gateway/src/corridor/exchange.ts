/** One request on its way through the corridor: what is known when it enters, and what its attempts came to. */
import type { AtpError } from '@atp/core/errors'
import type { DecisionId, TenantId } from '@atp/core/ids'
import type { EpochMs } from '@atp/core/units'
import type { ChatBody } from '@atp/domain/adapter'
import type { LevelReport } from '@atp/domain/limit'
import type { Observation, RecordedSignal } from '@atp/domain/observation'
import type { Plan, RoutingRequest } from '@atp/domain/routing'
import type { Counted } from '@atp/domain/tenant'
import type { Caller } from './authenticate.ts'
import type { Masked } from './guard.ts'
import type { RoutingOptions } from './routing-options.ts'

/** `Body` is what is asked: a chat, where nothing else is said. */
export interface Exchange<Body = ChatBody> {
  readonly id: DecisionId
  readonly caller: Caller
  /** The caller's. */
  readonly tenant: TenantId
  readonly at: EpochMs
  readonly body: Body
  readonly options: RoutingOptions
  /** Aborted when the client goes away, or, with an `AtpError` as its reason, when we give the answer up. */
  readonly signal: AbortSignal
}

/** An exchange that has its plan. */
export interface Walk<Body = ChatBody> {
  /** As the guardrails let it pass. */
  readonly exchange: Exchange<Body>
  /** How many of the prompt's texts they masked. */
  readonly masked: Masked
  readonly request: RoutingRequest
  readonly plan: Plan
  /** One settled observation for each model tried, in order. */
  readonly attempts: Observation[]
  /** What is spent to the last of the tenant's limits, by what they count, and the refusal that says so. */
  readonly spent: Partial<Record<Counted, AtpError>>
  /** Whether it counts as a request already. */
  isCounted: boolean
  /** Whether a second model was asked because the first was slow. */
  isHedged: boolean
  /** What the tenant's limits said last. */
  levels: readonly LevelReport[]
  /** Reservations that are being settled: the caller's answer ends after them. */
  readonly settling: Promise<void>[]
  /** US dollars that the tenant's budget was charged ahead; 0 once the true cost has taken their place. */
  reservedUsd: number
  /** What the answer said of itself; null where that was nothing. */
  signal: RecordedSignal | null
}

/** What most steps see: they do not look at what is asked. */
export type AnyWalk = Walk<unknown>
