/** Step 5: what an attempt came to, in outcome, tokens and money. The provider's figures win; an estimate says so. */
import type { Clock } from '@atp/core/clock'
import { newId, type ObservationId } from '@atp/core/ids'
import type { Random } from '@atp/core/random'
import { type Milliseconds, milliseconds } from '@atp/core/units'
import type { AdapterCall, UpstreamError } from '@atp/domain/adapter'
import type { Observation, Outcome, Usage } from '@atp/domain/observation'
import { costOf } from '@atp/domain/routing'
import type { Metrics } from '@atp/infrastructure/telemetry'
import type { Walk } from './exchange.ts'
import { OUTCOME_OF } from './upstream-failure.ts'

export interface Attempt {
  readonly upstream: AdapterCall
  readonly startedAt: Milliseconds
}

export interface Figures {
  readonly outcome: Outcome
  readonly firstTokenAt: Milliseconds | null
  readonly usage: Usage | null
}

export class Settler {
  readonly #clock: Clock
  readonly #random: Random
  readonly #metrics: Metrics

  constructor(clock: Clock, random: Random, metrics: Metrics) {
    this.#clock = clock
    this.#random = random
    this.#metrics = metrics
  }

  failure(walk: Walk, attempt: Attempt, error: UpstreamError): Observation {
    return this.settle(
      walk,
      attempt,
      { outcome: OUTCOME_OF[error.failure], firstTokenAt: null, usage: null },
      error.retryAfter,
    )
  }

  /** Tells the adapter's health, the metrics and the walk; nothing is committed yet. */
  settle(walk: Walk, attempt: Attempt, figures: Figures, retryAfter?: Milliseconds): Observation {
    const { arm } = attempt.upstream
    const { outcome, firstTokenAt, usage } = figures
    const latency = milliseconds(this.#clock.monotonic() - attempt.startedAt)
    const timeToFirstToken = firstTokenAt === null ? null : milliseconds(firstTokenAt - attempt.startedAt)
    // Before anything can go wrong: a call that never ends would hold its adapter for ever.
    attempt.upstream.end({
      outcome,
      latency,
      timeToFirstToken,
      ...(retryAfter === undefined ? {} : { retryAfter }),
    })
    const observation: Observation = {
      id: newId<ObservationId>(this.#clock, this.#random),
      kind: 'attempt',
      at: this.#clock.now(),
      tenant: walk.exchange.tenant,
      decisionId: walk.exchange.id,
      arm: arm.id,
      outcome,
      quality: null,
      latency,
      timeToFirstToken,
      usage,
      cost: usage === null ? null : costOf(arm, usage),
    }
    this.#metrics.attempt(observation)
    walk.attempts.push(observation)
    return observation
  }
}
