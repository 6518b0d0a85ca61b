/**
 * The four probes, each answered within a moment whatever hangs. Liveness never looks at a dependency: to restart this process would
 * not heal it. Readiness does, and fails first on shutdown.
 */
import type { Clock } from '@atp/core/clock'
import type { AdapterId } from '@atp/core/ids'
import type { AdapterHealth, AdapterRegistry, ArmHealth } from '@atp/domain/adapter'
import type { FastifyReply } from 'fastify'
import type { EventLoopWatch } from '../../health/event-loop-watch.ts'
import type { App } from '../app.ts'
import type { Readiness, ReadinessReport } from '../readiness.ts'
import { HealthReport, ProbeReport } from '../schemas/probes.ts'

export interface ProbesOptions {
  readonly readiness: Readiness
  readonly eventLoop: EventLoopWatch
  readonly registry: Pick<AdapterRegistry, 'adapters' | 'health'>
  readonly clock: Clock
  readonly version: string
}

const STARTED: ReadinessReport = { status: 'ok', checks: {} }

export async function probes(app: App, options: ProbesOptions): Promise<void> {
  const { readiness, eventLoop, registry, clock, version } = options
  const startedAt = clock.monotonic()
  const body = (report: ReadinessReport) => ({
    ...report,
    version,
    uptime_s: Math.round((clock.monotonic() - startedAt) / 1000),
  })
  const probe = (
    path: string,
    summary: string,
    report: () => ReadinessReport | Promise<ReadinessReport>,
  ): void => {
    app.get(
      path,
      {
        config: { plane: 'public' },
        schema: { summary, tags: ['probes'], response: { 200: ProbeReport, 503: ProbeReport } },
      },
      async (_request, reply) => {
        const current = await report()
        return verdict(reply, current).send(body(current))
      },
    )
  }

  app.addHook('onReady', async () => eventLoop.start())
  app.addHook('onClose', async () => eventLoop.stop())

  probe('/livez', 'Is the process alive? Not after its event loop was blocked for long.', () =>
    liveness(eventLoop),
  )
  probe('/startupz', 'Has the start come to its end? It has, once the listener is open.', () => STARTED)
  probe('/readyz', 'Should this process get traffic?', () => readiness.report())

  app.get(
    '/healthz',
    {
      config: { plane: 'public' },
      schema: {
        summary: 'How are the components, and how did recent calls of each adapter go?',
        tags: ['probes'],
        response: { 200: HealthReport, 503: HealthReport },
      },
    },
    async (_request, reply) => {
      const report = await readiness.report()
      const adapters = Object.fromEntries(registry.adapters().map(({ id }) => [id, healthOf(registry, id)]))
      return verdict(reply, report).send({ ...body(report), adapters })
    },
  )
}

function verdict(reply: FastifyReply, { status }: ReadinessReport) {
  return reply.code(status === 'unavailable' ? 503 : 200).header('cache-control', 'no-store')
}

function liveness(eventLoop: EventLoopWatch): ReadinessReport {
  const blocked = eventLoop.blocked()
  if (blocked === null) {
    return {
      status: 'ok',
      checks: { event_loop: { status: 'ok', detail: null, latency_ms: null, age_ms: 0 } },
    }
  }
  const ms = Math.round(blocked.ms)
  const detail = `the event loop was blocked for ${ms} ms, more than ${blocked.limitMs} ms`
  const age_ms = Math.round(blocked.agoMs)
  return {
    status: 'unavailable',
    checks: { event_loop: { status: 'unavailable', detail, latency_ms: ms, age_ms } },
  }
}

function healthOf(registry: ProbesOptions['registry'], id: AdapterId) {
  const health = registry.health(id) as AdapterHealth
  const arms = Object.entries(health.arms).map(([arm, own]) => [arm, figuresOf(own)] as const)
  return {
    ...figuresOf(health),
    concurrency_limit: health.concurrencyLimit,
    arms: Object.fromEntries(arms),
  }
}

function figuresOf(health: ArmHealth) {
  return {
    circuit: health.circuit,
    calls: health.calls,
    in_flight: health.inFlight,
    error_rate: health.errorRate,
    latency_p50_ms: health.latencyP50Ms,
    latency_p95_ms: health.latencyP95Ms,
    time_to_first_token_p50_ms: health.timeToFirstTokenP50Ms,
    time_to_first_token_p95_ms: health.timeToFirstTokenP95Ms,
    stale_ms: health.staleMs,
  }
}
