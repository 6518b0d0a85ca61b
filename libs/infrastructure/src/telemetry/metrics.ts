/**
 * What the gateway counts, for Prometheus. Each metrics object has a registry of its own. Labels are bounded: routes, status
 * classes, configured models, outcomes; never a string that a caller chose. Series are bound once and then only added to.
 */
import type { AdapterId } from '@atp/core/ids'
import type { Milliseconds } from '@atp/core/units'
import { toUsd } from '@atp/core/units'
import { type Observation, OUTCOMES, type Outcome, SIGNALS, type Signal } from '@atp/domain/observation'
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'
import { LabelCache } from './label-cache.ts'

export interface Metrics {
  /** Of what `render` returns. */
  readonly contentType: string
  /** Which build runs; `native` is false where the TypeScript fallback decides. */
  build(version: string, native: boolean): void
  /**
   * @param endpoint the route's pattern, not the URL
   * @param elapsed milliseconds
   */
  request(endpoint: string, status: number, elapsed: number): void
  /** One settled call of a model. @param signal what its answer said of itself */
  attempt(observation: Observation, signal: Signal | null): void
  /** A model was asked what an answer is worth. @param decided whether it said so */
  judged(call: Observation, decided: boolean): void
  /** A request came without a valid key. @param limited whether its address had done so too often */
  authenticationFailed(limited: boolean): void
  streamStarted(): void
  streamEnded(): void
  /** Observations that wait to be committed, and callers that wait for room in that queue. */
  observationQueue(length: number, waiting: number): void
  /** Rows of the journal that Postgres has not taken yet. */
  drainLag(rows: number): void
  circuit(adapter: AdapterId, open: boolean): void
  /** Observations that the learned state took in since the last call. */
  learned(observations: number): void
  render(): Promise<string>
}

const MAX_ENDPOINTS = 64
const MAX_ARMS = 512
const MAX_ADAPTERS = 256
const STATUS_CLASSES = ['other', '1xx', '2xx', '3xx', '4xx', '5xx'] as const
/** Seconds: from a local model's first token to a long answer's last. */
const DURATION_BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120]

export function createMetrics(): Metrics {
  return new PrometheusMetrics()
}

class PrometheusMetrics implements Metrics {
  readonly #registry = new Registry()
  readonly #endpoints: LabelCache<EndpointSeries>
  readonly #arms: LabelCache<ArmSeries>
  readonly #circuits: LabelCache<Gauge.Internal<string>>
  readonly #build: Gauge
  readonly #streams: Gauge
  readonly #queue: Gauge
  readonly #waiting: Gauge
  readonly #drainLag: Gauge
  readonly #verdicts: Counter
  readonly #refusedKeys: Counter
  readonly #judgingCost: Counter
  readonly #learned: Counter

  constructor() {
    const registers = [this.#registry]
    collectDefaultMetrics({ register: this.#registry })
    this.#endpoints = endpointSeries(registers)
    this.#arms = armSeries(registers)
    const circuit = new Gauge({
      name: 'atp_circuit_open',
      help: "1 while an adapter's circuit is open: it gets no traffic",
      labelNames: ['adapter'],
      registers,
    })
    this.#circuits = new LabelCache(MAX_ADAPTERS, adapter => circuit.labels(adapter))
    this.#build = new Gauge({
      name: 'atp_build_info',
      help: 'Always 1; the labels say which build runs',
      labelNames: ['version', 'native'],
      registers,
    })
    this.#streams = new Gauge({
      name: 'atp_streams_in_flight',
      help: 'Answers that are being streamed to a client',
      registers,
    })
    this.#queue = new Gauge({
      name: 'atp_observation_queue',
      help: 'Observations that wait to be committed',
      registers,
    })
    this.#waiting = new Gauge({
      name: 'atp_observation_waiters',
      help: 'Callers that wait because the queue of observations is full',
      registers,
    })
    this.#drainLag = new Gauge({
      name: 'atp_journal_drain_lag_rows',
      help: 'Rows in the journal that Postgres has not taken yet; 0 without Postgres',
      registers,
    })
    this.#refusedKeys = new Counter({
      name: 'atp_authentication_failures_total',
      help: 'Requests without a valid API key, by whether their address was told to wait',
      labelNames: ['limited'],
      registers,
    })
    this.#verdicts = new Counter({
      name: 'atp_verdicts_total',
      help: 'Answers that the judge was asked about, by whether it decided',
      labelNames: ['decided'],
      registers,
    })
    this.#judgingCost = new Counter({
      name: 'atp_judging_cost_usd_total',
      help: 'What the judge cost, in US dollars: no part of what answers cost',
      registers,
    })
    this.#learned = new Counter({
      name: 'atp_learned_updates_total',
      help: 'Observations that the learned state took in',
      registers,
    })
  }

  get contentType(): string {
    return this.#registry.contentType
  }

  build(version: string, native: boolean): void {
    this.#build.reset()
    this.#build.labels(version, String(native)).set(1)
  }

  request(endpoint: string, status: number, elapsed: number): void {
    const series = this.#endpoints.get(endpoint)
    series.requests[statusClass(status)]?.inc()
    series.duration.observe(elapsed / 1000)
  }

  attempt(
    { arm, outcome, latency, timeToFirstToken, usage, cost }: Observation,
    signal: Signal | null,
  ): void {
    const series = this.#arms.get(arm)
    if (signal !== null) series.signals[signal].inc()
    series.attempts[outcome].inc()
    if (latency !== null) series.duration.observe(seconds(latency))
    if (timeToFirstToken !== null) series.timeToFirstToken.observe(seconds(timeToFirstToken))
    if (usage !== null) {
      series.inputTokens.inc(usage.inputTokens)
      series.outputTokens.inc(usage.outputTokens)
    }
    if (cost !== null) series.cost.inc(toUsd(cost))
  }

  judged({ cost }: Observation, decided: boolean): void {
    this.#verdicts.labels(String(decided)).inc()
    if (cost !== null) this.#judgingCost.inc(toUsd(cost))
  }

  authenticationFailed(limited: boolean): void {
    this.#refusedKeys.labels(String(limited)).inc()
  }

  streamStarted(): void {
    this.#streams.inc()
  }

  streamEnded(): void {
    this.#streams.dec()
  }

  observationQueue(length: number, waiting: number): void {
    this.#queue.set(length)
    this.#waiting.set(waiting)
  }

  drainLag(rows: number): void {
    this.#drainLag.set(rows)
  }

  circuit(adapter: AdapterId, open: boolean): void {
    this.#circuits.get(adapter).set(open ? 1 : 0)
  }

  learned(observations: number): void {
    this.#learned.inc(observations)
  }

  render(): Promise<string> {
    return this.#registry.metrics()
  }
}

interface EndpointSeries {
  /** By status class: the status divided by 100. */
  readonly requests: readonly Counter.Internal[]
  readonly duration: Histogram.Internal<string>
}

function endpointSeries(registers: Registry[]): LabelCache<EndpointSeries> {
  const requests = new Counter({
    name: 'atp_requests_total',
    help: 'Requests answered, by route and status class',
    labelNames: ['endpoint', 'status'],
    registers,
  })
  const duration = new Histogram({
    name: 'atp_request_duration_seconds',
    help: "From a request's arrival to the end of its answer",
    labelNames: ['endpoint'],
    buckets: DURATION_BUCKETS,
    registers,
  })
  return new LabelCache(MAX_ENDPOINTS, endpoint => ({
    requests: STATUS_CLASSES.map(status => requests.labels(endpoint, status)),
    duration: duration.labels(endpoint),
  }))
}

interface ArmSeries {
  readonly attempts: Readonly<Record<Outcome, Counter.Internal>>
  readonly signals: Readonly<Record<Signal, Counter.Internal>>
  readonly duration: Histogram.Internal<string>
  readonly timeToFirstToken: Histogram.Internal<string>
  readonly inputTokens: Counter.Internal
  readonly outputTokens: Counter.Internal
  readonly cost: Counter.Internal
}

function armSeries(registers: Registry[]): LabelCache<ArmSeries> {
  const attempts = new Counter({
    name: 'atp_attempts_total',
    help: 'Calls of a model, by outcome',
    labelNames: ['arm', 'outcome'],
    registers,
  })
  const signals = new Counter({
    name: 'atp_signals_total',
    help: 'Answers that said something against themselves: refused, truncated, no JSON where it was asked for, abandoned',
    labelNames: ['arm', 'signal'],
    registers,
  })
  const duration = new Histogram({
    name: 'atp_attempt_duration_seconds',
    help: "From a call of a model to its answer's end",
    labelNames: ['arm'],
    buckets: DURATION_BUCKETS,
    registers,
  })
  const timeToFirstToken = new Histogram({
    name: 'atp_time_to_first_token_seconds',
    help: 'From a call of a model to the first event of its stream',
    labelNames: ['arm'],
    buckets: DURATION_BUCKETS,
    registers,
  })
  const tokens = new Counter({
    name: 'atp_tokens_total',
    help: 'Tokens, as the provider counted them or as estimated',
    labelNames: ['arm', 'direction'],
    registers,
  })
  const cost = new Counter({
    name: 'atp_cost_usd_total',
    help: 'What the calls of a model cost, in US dollars',
    labelNames: ['arm'],
    registers,
  })
  return new LabelCache(MAX_ARMS, arm => ({
    attempts: Object.fromEntries(
      OUTCOMES.map(outcome => [outcome, attempts.labels(arm, outcome)]),
    ) as ArmSeries['attempts'],
    signals: Object.fromEntries(
      SIGNALS.map(signal => [signal, signals.labels(arm, signal)]),
    ) as ArmSeries['signals'],
    duration: duration.labels(arm),
    timeToFirstToken: timeToFirstToken.labels(arm),
    inputTokens: tokens.labels(arm, 'input'),
    outputTokens: tokens.labels(arm, 'output'),
    cost: cost.labels(arm),
  }))
}

function statusClass(status: number): number {
  const index = Math.floor(status / 100)
  return index >= 1 && index < STATUS_CLASSES.length ? index : 0
}

const seconds = (duration: Milliseconds): number => duration / 1000
