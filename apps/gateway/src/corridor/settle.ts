/** Step 5: what an attempt came to, in outcome, tokens and money. The provider's figures win; an estimate says so. */
import type { Clock } from '@atp/core/clock'
import { newId, type ObservationId } from '@atp/core/ids'
import type { Random } from '@atp/core/random'
import { type Milliseconds, milliseconds, toUsd } from '@atp/core/units'
import type { AdapterCall, CallResult, Phase, UpstreamError } from '@atp/domain/adapter'
import {
  type Observation,
  type Outcome,
  recordSignal,
  type Signal,
  type SignalMeanings,
  type Usage,
} from '@atp/domain/observation'
import { costOf, type OutputLengths, type Price, type TenantPacers } from '@atp/domain/routing'
import type { Metrics } from '@atp/infrastructure/telemetry'
import type { AnyWalk } from './exchange.ts'
import { billOf, type Reservation } from './reservation.ts'
import { blameOf, OUTCOME_OF } from './upstream-failure.ts'

export interface Attempt {
  readonly upstream: AdapterCall
  readonly reservation: Reservation
  /** That it is billed at. */
  readonly price: Price
  readonly startedAt: Milliseconds
}

export interface Figures {
  readonly outcome: Outcome
  readonly firstTokenAt: Milliseconds | null
  readonly usage: Usage | null
  /** What the answer said of itself. */
  readonly signal: Signal | null
  /** Another answered before it, which it was too slow for: what it had not come to yet. */
  readonly outrunBefore?: Phase
}

/** What else a failure says. */
type Failed = Pick<CallResult, 'fault' | 'isOverload' | 'retryAfter'>

export interface SettlerOptions {
  readonly clock: Clock
  readonly random: Random
  readonly metrics: Metrics
  readonly pacers: TenantPacers
  readonly lengths: OutputLengths
  readonly signals: SignalMeanings
}

export class Settler {
  readonly #clock: Clock
  readonly #random: Random
  readonly #metrics: Metrics
  readonly #pacers: TenantPacers
  readonly #lengths: OutputLengths
  readonly #signals: SignalMeanings

  constructor(options: SettlerOptions) {
    this.#clock = options.clock
    this.#random = options.random
    this.#metrics = options.metrics
    this.#pacers = options.pacers
    this.#lengths = options.lengths
    this.#signals = options.signals
  }

  /** Charges the tenant's budget with what the first candidate is expected to cost: requests under way must not spend it twice. */
  reserve({ exchange, plan }: Pick<AnyWalk, 'exchange' | 'plan'>): number {
    this.#pacers.arrive(exchange.tenant, plan.forecasts, this.#clock.monotonic())
    const pacer = this.#pacers.of(exchange.tenant)
    if (pacer === null || plan.forecasts === null) return 0
    const expectedUsd = plan.candidates[0]?.estimate.costUsd ?? 0
    pacer.spend(expectedUsd)
    return expectedUsd
  }

  /** The budget pays what was paid, instead of what was expected. */
  charge(walk: AnyWalk, costUsd: number): void {
    if (walk.plan.forecasts === null) return
    this.#pacers.of(walk.exchange.tenant)?.spend(costUsd - walk.reservedUsd)
    walk.reservedUsd = 0
  }

  failure(walk: AnyWalk, attempt: Attempt, error: UpstreamError): Observation {
    return this.settle(
      walk,
      attempt,
      { outcome: OUTCOME_OF[error.failure], firstTokenAt: null, usage: null, signal: null },
      { ...blameOf(error), retryAfter: error.retryAfter },
    )
  }

  /** Tells the adapter's health, the metrics and the walk; nothing is committed yet. */
  settle(walk: AnyWalk, attempt: Attempt, figures: Figures, failed?: Failed): Observation {
    const { arm } = attempt.upstream
    const { outcome, firstTokenAt, usage, signal, outrunBefore } = figures
    const latency = milliseconds(this.#clock.monotonic() - attempt.startedAt)
    const timeToFirstToken = firstTokenAt === null ? null : milliseconds(firstTokenAt - attempt.startedAt)
    // Before anything can go wrong: a call that never ends would hold its adapter for ever.
    attempt.upstream.end({
      outcome,
      latency,
      timeToFirstToken,
      ...(outrunBefore === undefined ? {} : { outrunBefore }),
      ...failed,
    })
    const observation: Observation = {
      id: attempt.reservation.id ?? newId<ObservationId>(this.#clock, this.#random),
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
      cost: usage === null ? null : costOf(attempt.price, usage),
    }
    const settling = attempt.reservation.settle(usage ?? billOf(outcome))
    if (settling !== null) walk.settling.push(settling)
    if (outcome === 'success' && usage !== null) {
      this.#lengths.record(arm.id, usage.outputTokens / walk.request.choices, observation.at)
    }
    this.charge(walk, observation.cost === null ? 0 : toUsd(observation.cost))
    if (signal !== null) walk.signal = recordSignal(signal, this.#signals)
    this.#metrics.attempt(observation, signal)
    walk.attempts.push(observation)
    return observation
  }
}
