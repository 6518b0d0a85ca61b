/** How an adapter or an arm is doing, from real calls alone: nothing here probes. Times are milliseconds of one monotonic clock. */
import type { Milliseconds } from '@atp/core/units'
import type { LatencySketch } from '@atp/native'
import type { Outcome } from '../observation/observation.ts'
import { DecayedMean } from '../routing/decayed-mean.ts'
import { LatencyQuantiles } from './latency-quantiles.ts'

/** How a call ended. */
export interface CallResult {
  readonly outcome: Outcome
  readonly latency: Milliseconds | null
  readonly timeToFirstToken: Milliseconds | null
  /** Whose fault a failure is; where it is not said, both are held to account. */
  readonly fault?: 'account' | 'model' | undefined
  /** The upstream says that it has too much. */
  readonly isOverload?: boolean | undefined
  /** What a rate-limited upstream asked for. */
  readonly retryAfter?: Milliseconds | undefined
  /** It was cancelled because it took longer than nearly all do, and another answered: what it had not even come to by `latency`. */
  readonly outrunBefore?: Phase | undefined
}

/** What is waited for. */
export type Phase = 'first_token' | 'answer'

/** Plain data, as readiness and the administration show it. Null where there is no evidence. */
export interface HealthSnapshot {
  /** Calls that ended since the registration. */
  readonly calls: number
  readonly inFlight: number
  /** Share of failures among the calls that say something of the upstream, recent ones weighing more. */
  readonly errorRate: number | null
  readonly latencyP50Ms: number | null
  readonly latencyP95Ms: number | null
  readonly timeToFirstTokenP50Ms: number | null
  readonly timeToFirstTokenP95Ms: number | null
  /** Milliseconds since a call last ended. */
  readonly staleMs: number | null
}

export class CallHealth {
  readonly #latency: LatencyQuantiles
  readonly #timeToFirstToken: LatencyQuantiles
  readonly #failures: DecayedMean
  #calls = 0
  #inFlight = 0
  #lastEnd: number | null = null

  /** @param halfLifeMs milliseconds after which a call counts half */
  constructor(createLatencySketch: (halfLifeMs: number) => LatencySketch, halfLifeMs: number) {
    this.#latency = new LatencyQuantiles(createLatencySketch(halfLifeMs))
    this.#timeToFirstToken = new LatencyQuantiles(createLatencySketch(halfLifeMs))
    this.#failures = new DecayedMean({ mean: 0, strength: 0 }, halfLifeMs)
  }

  get inFlight(): number {
    return this.#inFlight
  }

  begin(): void {
    this.#inFlight += 1
  }

  /** Once for each `begin`. Only answers count for latency: an error page after 3 ms is not speed. */
  end(result: CallResult, now: number): void {
    this.#inFlight -= 1
    this.#calls += 1
    this.#lastEnd = now
    const failed = isFailure(result.outcome)
    if (failed || result.outcome === 'success') this.#failures.add(failed ? 1 : 0, now)
    // It was beyond the P95, and wherever it would have ended the P95 is the same: left out, each hedge would bring the next one forward.
    if (result.outrunBefore !== undefined && result.latency !== null) {
      this.#of(result.outrunBefore).record(result.latency, now)
    }
    if (result.outcome !== 'success') return
    if (result.latency !== null) this.#latency.record(result.latency, now)
    if (result.timeToFirstToken !== null) this.#timeToFirstToken.record(result.timeToFirstToken, now)
  }

  /** Milliseconds in which 95% have come as far as that; null before so many did. */
  p95(phase: Phase, fewest: number, now: number): number | null {
    return this.#of(phase).p95Of(fewest, now)
  }

  #of(phase: Phase): LatencyQuantiles {
    return phase === 'first_token' ? this.#timeToFirstToken : this.#latency
  }

  snapshot(now: number): HealthSnapshot {
    const errorRate = this.#failures.mean(now)
    return {
      calls: this.#calls,
      inFlight: this.#inFlight,
      errorRate: Number.isNaN(errorRate) ? null : errorRate,
      latencyP50Ms: this.#latency.p50(now),
      latencyP95Ms: this.#latency.p95(now),
      timeToFirstTokenP50Ms: this.#timeToFirstToken.p50(now),
      timeToFirstTokenP95Ms: this.#timeToFirstToken.p95(now),
      staleMs: this.#lastEnd === null ? null : Math.max(0, now - this.#lastEnd),
    }
  }
}

/** The upstream's own doing: what the error rate and the breaker count. */
export function isFailure(outcome: Outcome): boolean {
  return outcome === 'error' || outcome === 'timeout' || outcome === 'cut'
}
