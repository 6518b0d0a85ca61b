import type { AdapterId, ArmId, DecisionId, ObservationId, TenantId } from '@atp/core/ids'
import { epochMs, microUsd, milliseconds } from '@atp/core/units'
import type { Observation } from '@atp/domain/observation'
import { createMetrics, type Metrics } from '@atp/infrastructure/telemetry'
import { register } from 'prom-client'
import { describe, expect, it } from 'vitest'

const observation = (overrides: Partial<Observation> = {}): Observation => ({
  id: 'o' as ObservationId,
  kind: 'attempt',
  at: epochMs(0),
  tenant: 't' as TenantId,
  decisionId: 'd' as DecisionId,
  arm: 'openai/small' as ArmId,
  outcome: 'success',
  quality: null,
  latency: milliseconds(1500),
  timeToFirstToken: milliseconds(200),
  usage: { inputTokens: 10, outputTokens: 20, estimated: false },
  cost: microUsd(2_500_000),
  ...overrides,
})

/** The value of one series, found by its whole name with labels. */
async function series(metrics: Metrics, name: string): Promise<number | undefined> {
  const line = (await metrics.render()).split('\n').find(line => line.startsWith(`${name} `))
  return line === undefined ? undefined : Number(line.slice(name.length))
}

describe('metrics', () => {
  it('counts and times requests by route and status class', async () => {
    const metrics = createMetrics()
    metrics.request('/v1/ask', 200, 40)
    metrics.request('/v1/ask', 204, 3000)
    metrics.request('/v1/ask', 499, 1)
    expect(await series(metrics, 'atp_requests_total{endpoint="/v1/ask",status="2xx"}')).toBe(2)
    expect(await series(metrics, 'atp_requests_total{endpoint="/v1/ask",status="4xx"}')).toBe(1)
    expect(await series(metrics, 'atp_request_duration_seconds_count{endpoint="/v1/ask"}')).toBe(3)
    expect(await series(metrics, 'atp_request_duration_seconds_sum{endpoint="/v1/ask"}')).toBeCloseTo(3.041)
  })

  it('says how many contexts are in memory, and counts on from what it was told before', async () => {
    const metrics = createMetrics()
    metrics.contexts({ size: 3, misses: 5, evictions: 2, failures: 0 })
    metrics.contexts({ size: 2, misses: 7, evictions: 5, failures: 1 })
    expect(await series(metrics, 'atp_contexts')).toBe(2)
    expect(await series(metrics, 'atp_context_misses_total')).toBe(7)
    expect(await series(metrics, 'atp_context_evictions_total')).toBe(5)
    expect(await series(metrics, 'atp_context_failures_total')).toBe(1)
  })

  it('says how old secrets are by the kind of place they are in, and counts on what was read of each', async () => {
    const metrics = createMetrics()
    const vault = { source: 'vault', reads: 3, versions: 1, failures: 0, oldestMs: 1_500 }
    metrics.secrets([vault, { source: 'env', reads: 1, versions: 1, failures: 0, oldestMs: null }])
    metrics.secrets([{ ...vault, reads: 5, versions: 2, failures: 1, oldestMs: 500 }])
    expect(await series(metrics, 'atp_secret_age_seconds{source="vault"}')).toBe(0.5)
    expect(await series(metrics, 'atp_secret_age_seconds{source="env"}')).toBeUndefined()
    expect(await series(metrics, 'atp_secret_reads_total{source="vault"}')).toBe(5)
    expect(await series(metrics, 'atp_secret_reads_total{source="env"}')).toBe(1)
    expect(await series(metrics, 'atp_secret_versions_total{source="vault"}')).toBe(2)
    expect(await series(metrics, 'atp_secret_failures_total{source="vault"}')).toBe(1)
  })

  it('counts a status that is none as `other`', async () => {
    const metrics = createMetrics()
    metrics.request('/v1/ask', 0, 1)
    metrics.request('/v1/ask', 1000, 1)
    expect(await series(metrics, 'atp_requests_total{endpoint="/v1/ask",status="other"}')).toBe(2)
  })

  it('counts an attempt with its outcome, times, tokens and cost', async () => {
    const metrics = createMetrics()
    metrics.attempt(observation(), 'refusal')
    metrics.attempt(
      observation({ outcome: 'cut', usage: { inputTokens: 0, outputTokens: 0, estimated: false } }),
      null,
    )
    expect(await series(metrics, 'atp_attempts_total{arm="openai/small",outcome="success"}')).toBe(1)
    expect(await series(metrics, 'atp_attempts_total{arm="openai/small",outcome="cut"}')).toBe(1)
    expect(await series(metrics, 'atp_signals_total{arm="openai/small",signal="refusal"}')).toBe(1)
    expect(await series(metrics, 'atp_attempt_duration_seconds_sum{arm="openai/small"}')).toBeCloseTo(3)
    expect(await series(metrics, 'atp_time_to_first_token_seconds_sum{arm="openai/small"}')).toBeCloseTo(0.4)
    expect(await series(metrics, 'atp_tokens_total{arm="openai/small",direction="input"}')).toBe(10)
    expect(await series(metrics, 'atp_tokens_total{arm="openai/small",direction="output"}')).toBe(20)
    expect(await series(metrics, 'atp_cost_usd_total{arm="openai/small"}')).toBeCloseTo(5)
  })

  it('leaves what is unknown of an attempt uncounted', async () => {
    const metrics = createMetrics()
    metrics.attempt(observation({ latency: null, timeToFirstToken: null, usage: null, cost: null }), null)
    expect(await series(metrics, 'atp_attempts_total{arm="openai/small",outcome="success"}')).toBe(1)
    expect(await series(metrics, 'atp_attempt_duration_seconds_count{arm="openai/small"}')).toBeUndefined()
    expect(await series(metrics, 'atp_tokens_total{arm="openai/small",direction="input"}')).toBeUndefined()
  })

  it('keeps the number of series bounded, whatever names come', async () => {
    const metrics = createMetrics()
    for (let n = 0; n < 2000; n++) {
      metrics.attempt(observation({ arm: `a/${n}` as ArmId }), null)
      metrics.request(`/${n}`, 200, 1)
      metrics.adapter(`a${n}` as AdapterId, figures('open'))
    }
    const text = await metrics.render()
    expect(text.match(/^atp_attempts_total\{/gm)).toHaveLength(513)
    expect(text.match(/^atp_request_duration_seconds_count\{/gm)).toHaveLength(65)
    expect(text.match(/^atp_circuit_open\{/gm)).toHaveLength(257)
    expect(await series(metrics, 'atp_attempts_total{arm="other",outcome="success"}')).toBe(2000 - 512)
  })

  it('counts sockets, their frames, and how they ended, whatever code a client makes up', async () => {
    const metrics = createMetrics()
    for (const code of [1000, 1013, 4001, 4002]) {
      metrics.socketOpened()
      metrics.socketFrame('received')
      metrics.socketFrame('sent')
      metrics.socketClosed(code)
    }
    metrics.socketOpened()
    expect(await series(metrics, 'atp_websockets_open')).toBe(1)
    expect(await series(metrics, 'atp_websocket_frames_total{direction="received"}')).toBe(4)
    expect(await series(metrics, 'atp_websocket_frames_total{direction="sent"}')).toBe(4)
    expect(await series(metrics, 'atp_websocket_closes_total{code="1013"}')).toBe(1)
    expect(await series(metrics, 'atp_websocket_closes_total{code="other"}')).toBe(2)
  })

  it('shows streams, the queue, circuits, learning and the build', async () => {
    const metrics = createMetrics()
    metrics.streamStarted()
    metrics.streamStarted()
    metrics.streamEnded()
    metrics.observationQueue(7, 2)
    metrics.drainLag(30)
    metrics.adapter('openai' as AdapterId, figures('open'))
    metrics.adapter('local' as AdapterId, figures('closed'))
    metrics.learned(3)
    metrics.build('1.2.3', false)
    expect(await series(metrics, 'atp_streams_in_flight')).toBe(1)
    expect(await series(metrics, 'atp_observation_queue')).toBe(7)
    expect(await series(metrics, 'atp_circuit_open{adapter="openai"}')).toBe(1)
    expect(await series(metrics, 'atp_circuit_open{adapter="local"}')).toBe(0)
    expect(await series(metrics, 'atp_model_circuit_open{arm="a/m"}')).toBe(0)
    expect(await series(metrics, 'atp_adapter_calls_in_flight{adapter="local"}')).toBe(3)
    expect(await series(metrics, 'atp_adapter_concurrency_limit{adapter="local"}')).toBe(8)
    expect(await series(metrics, 'atp_learned_updates_total')).toBe(3)
    expect(await series(metrics, 'atp_build_info{version="1.2.3",native="false"}')).toBe(1)
    expect(await series(metrics, 'process_resident_memory_bytes')).toBeGreaterThan(0)
    expect(metrics.contentType).toContain('text/plain')
  })

  it('shares nothing with another metrics object or the global registry', async () => {
    const one = createMetrics()
    const two = createMetrics()
    one.learned(1)
    expect(await series(two, 'atp_learned_updates_total')).toBe(0)
    expect(register.getMetricsAsArray()).toHaveLength(0)
  })
})

function figures(circuit: 'open' | 'closed') {
  return { circuit, inFlight: 3, concurrencyLimit: 8, arms: { 'a/m': { circuit } } }
}
