/** The series of each route and of each model, bound once: on a request's way they are only added to. */
import { OUTCOMES, type Outcome, SIGNALS, type Signal } from '@atp/domain/observation'
import { Counter, Histogram, type Registry } from 'prom-client'
import { LabelCache } from './label-cache.ts'

const MAX_ENDPOINTS = 64
export const MAX_ARMS = 512
/** By the status divided by 100. */
const STATUS_CLASSES = ['other', '1xx', '2xx', '3xx', '4xx', '5xx'] as const
/** Seconds: from a local model's first token to a long answer's last. */
const DURATION_BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120]

export interface EndpointSeries {
  /** By status class: the status divided by 100. */
  readonly requests: readonly Counter.Internal[]
  readonly duration: Histogram.Internal<string>
}

export function endpointSeries(registers: Registry[]): LabelCache<EndpointSeries> {
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

export interface ArmSeries {
  readonly attempts: Readonly<Record<Outcome, Counter.Internal>>
  readonly signals: Readonly<Record<Signal, Counter.Internal>>
  readonly duration: Histogram.Internal<string>
  readonly timeToFirstToken: Histogram.Internal<string>
  readonly inputTokens: Counter.Internal
  readonly outputTokens: Counter.Internal
  readonly cost: Counter.Internal
}

export function armSeries(registers: Registry[]): LabelCache<ArmSeries> {
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
    help: 'From a call of a model to the first content of its stream',
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

/** Its index in `STATUS_CLASSES`. */
export function statusClass(status: number): number {
  const index = Math.floor(status / 100)
  return index >= 1 && index < STATUS_CLASSES.length ? index : 0
}
