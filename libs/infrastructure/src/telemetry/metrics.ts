/**
 * What the gateway counts, for Prometheus. Each metrics object has a registry of its own. Labels are bounded: routes, status
 * classes, configured models, outcomes; never a string that a caller chose. Series are bound once and then only added to.
 */
import type { AdapterId } from '@atp/core/ids'
import type { Milliseconds } from '@atp/core/units'
import { toUsd } from '@atp/core/units'
import type { RetryKind } from '@atp/domain/adapter'
import type { Observation, Signal } from '@atp/domain/observation'
import { Counter, collectDefaultMetrics, Gauge, Registry } from 'prom-client'
import { type AdapterFigures, AdapterMetrics } from './adapter-metrics.ts'
import type { MetricFigures } from './add-up.ts'
import { type ContextCounts, ContextMetrics } from './context-metrics.ts'
import { GuardMetrics } from './guard-metrics.ts'
import { JournalMetrics } from './journal-metrics.ts'
import { JudgingMetrics } from './judging-metrics.ts'
import type { LabelCache } from './label-cache.ts'
import { type HedgeWinner, RetryMetrics } from './retry-metrics.ts'
import { type SecretCounts, SecretMetrics } from './secret-metrics.ts'
import { type ArmSeries, armSeries, type EndpointSeries, endpointSeries, statusClass } from './series.ts'
import { SocketMetrics } from './socket-metrics.ts'

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
  /** A request was sent once more. */
  retried(kind: RetryKind): void
  /** A request was not sent once more: the budget was spent. */
  retryRefused(kind: RetryKind): void
  /** A request asked a second model, because the first was slow. */
  hedged(answered: HedgeWinner): void
  /** A model was asked what an answer is worth. @param decided whether it said so */
  judged(call: Observation, decided: boolean): void
  /** A prompt was to be embedded. @param outcome one of a handful */
  embedded(outcome: string): void
  /** A request came without a valid key. @param limited whether its address had done so too often */
  authenticationFailed(limited: boolean): void
  readonly guardrails: GuardMetrics
  streamStarted(): void
  streamEnded(): void
  socketOpened(): void
  socketFrame(direction: 'received' | 'sent'): void
  /** @param code of RFC 6455 */
  socketClosed(code: number): void
  /** Observations that wait to be committed, and callers that wait for room in that queue. */
  observationQueue(length: number, waiting: number): void
  /** Rows of the journal that Postgres has not taken yet. */
  drainLag(rows: number): void
  /** Bytes that the journal's rows take, rows that gave way since the start, and rows that Postgres refused. */
  journal(bytes: number, dropped: number, deadLetters: number): void
  /** Circuits and calls, as they are now. */
  adapter(id: AdapterId, figures: AdapterFigures): void
  /** The gateway itself found out whether an upstream is back. */
  tried(id: AdapterId, succeeded: boolean): void
  /** A call of a model was within its tenant's limits, or not; `shadow_denied`: it was, but for a limit in shadow. */
  admission(verdict: 'admitted' | 'denied' | 'shadow_denied'): void
  /** A round of exchange with the other replicas has ended. */
  exchanged(succeeded: boolean): void
  /** Observations that the learned state took in since the last call. */
  learned(observations: number): void
  /** Of tenants and tasks. */
  contexts(counts: ContextCounts): void
  /** By the kind of place that secrets are in. */
  secrets(counts: readonly SecretCounts[]): void
  render(): Promise<string>
  /** The same as plain data, to be added up with that of other processes. */
  figures(): Promise<MetricFigures>
}

export function createMetrics(): Metrics {
  return new PrometheusMetrics()
}

class PrometheusMetrics implements Metrics {
  readonly #registry = new Registry()
  readonly #endpoints: LabelCache<EndpointSeries>
  readonly #arms: LabelCache<ArmSeries>
  readonly #adapters: AdapterMetrics
  readonly #build: Gauge
  readonly #streams: Gauge
  readonly #queue: Gauge
  readonly #waiting: Gauge
  readonly #drainLag: Gauge
  readonly #judging: JudgingMetrics
  readonly #refusedKeys: Counter
  readonly #admissions: Counter
  readonly #exchanges: Counter
  readonly #embeddings: Counter
  readonly #learned: Counter
  readonly #contexts: ContextMetrics
  readonly #secrets: SecretMetrics
  readonly #retries: RetryMetrics
  readonly guardrails: GuardMetrics
  readonly #sockets: SocketMetrics
  readonly #journal: JournalMetrics

  constructor() {
    const registers = [this.#registry]
    collectDefaultMetrics({ register: this.#registry })
    this.#endpoints = endpointSeries(registers)
    this.#arms = armSeries(registers)
    this.#adapters = new AdapterMetrics(registers)
    this.#build = new Gauge({
      name: 'atp_build_info',
      help: 'Always 1; the labels say which build runs',
      labelNames: ['version', 'native'],
      aggregator: 'first',
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
    this.#judging = new JudgingMetrics(registers)
    this.#admissions = new Counter({
      name: 'atp_admissions_total',
      help: "Calls of models that were held to their tenant's limits, by what came of it",
      labelNames: ['verdict'],
      registers,
    })
    this.#exchanges = new Counter({
      name: 'atp_replica_exchanges_total',
      help: 'Rounds in which this replica told the others what it has learned, by whether they succeeded',
      labelNames: ['succeeded'],
      registers,
    })
    this.#embeddings = new Counter({
      name: 'atp_embeddings_total',
      help: 'Prompts that were to be embedded, by what came of it; all but success were routed without',
      labelNames: ['outcome'],
      registers,
    })
    this.#learned = new Counter({
      name: 'atp_learned_updates_total',
      help: 'Observations that the learned state took in',
      registers,
    })
    this.#contexts = new ContextMetrics(registers)
    this.#secrets = new SecretMetrics(registers)
    this.#retries = new RetryMetrics(registers)
    this.guardrails = new GuardMetrics(registers)
    this.#sockets = new SocketMetrics(registers)
    this.#journal = new JournalMetrics(registers)
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

  retried(kind: RetryKind): void {
    this.#retries.made(kind)
  }

  retryRefused(kind: RetryKind): void {
    this.#retries.refused(kind)
  }

  hedged(answered: HedgeWinner): void {
    this.#retries.hedged(answered)
  }

  judged(call: Observation, decided: boolean): void {
    this.#judging.judged(call, decided)
  }

  authenticationFailed(limited: boolean): void {
    this.#refusedKeys.labels(String(limited)).inc()
  }

  embedded(outcome: string): void {
    this.#embeddings.labels(outcome).inc()
  }

  streamStarted(): void {
    this.#streams.inc()
  }

  streamEnded(): void {
    this.#streams.dec()
  }

  socketOpened(): void {
    this.#sockets.opened()
  }

  socketFrame(direction: string): void {
    this.#sockets.frame(direction)
  }

  socketClosed(code: number): void {
    this.#sockets.closed(code)
  }

  observationQueue(length: number, waiting: number): void {
    this.#queue.set(length)
    this.#waiting.set(waiting)
  }

  drainLag(rows: number): void {
    this.#drainLag.set(rows)
  }

  journal(bytes: number, dropped: number, deadLetters: number): void {
    this.#journal.set(bytes, dropped, deadLetters)
  }

  adapter(id: AdapterId, figures: AdapterFigures): void {
    this.#adapters.set(id, figures)
  }

  tried(id: AdapterId, succeeded: boolean): void {
    this.#adapters.tried(id, succeeded)
  }

  admission(verdict: string): void {
    this.#admissions.labels(verdict).inc()
  }

  exchanged(succeeded: boolean): void {
    this.#exchanges.labels(String(succeeded)).inc()
  }

  learned(observations: number): void {
    this.#learned.inc(observations)
  }

  contexts(counts: ContextCounts): void {
    this.#contexts.set(counts)
  }

  secrets(counts: readonly SecretCounts[]): void {
    this.#secrets.set(counts)
  }

  render(): Promise<string> {
    return this.#registry.metrics()
  }

  figures(): Promise<MetricFigures> {
    return this.#registry.getMetricsAsJSON()
  }
}

const seconds = (duration: Milliseconds): number => duration / 1000
