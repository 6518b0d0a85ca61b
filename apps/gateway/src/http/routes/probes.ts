/** The four probes. Liveness never looks at a dependency; readiness does, and fails first on shutdown. */
import type { Clock } from '@atp/core/clock'
import type { AdapterId } from '@atp/core/ids'
import type { AdapterHealth, AdapterRegistry, HealthSnapshot } from '@atp/domain/adapter'
import { Type } from 'typebox'
import type { App } from '../app.ts'
import type { Readiness, ReadinessReport } from '../readiness.ts'

const Status = Type.Enum(['ok', 'degraded', 'unavailable'])
const reportFields = {
  status: Status,
  checks: Type.Record(
    Type.String(),
    Type.Object({ status: Status, detail: Type.Union([Type.String(), Type.Null()]) }),
  ),
  version: Type.String(),
  uptime_s: Type.Number(),
}
const Report = Type.Object(reportFields)

const FigureOrNull = Type.Union([Type.Number(), Type.Null()])
const CallHealth = {
  calls: Type.Integer({ description: 'Ended since the start.' }),
  in_flight: Type.Integer(),
  error_rate: Type.Union([Type.Number(), Type.Null()], {
    description: 'Share of failures among recent calls; null without any.',
  }),
  latency_p50_ms: FigureOrNull,
  latency_p95_ms: FigureOrNull,
  time_to_first_token_p50_ms: FigureOrNull,
  time_to_first_token_p95_ms: FigureOrNull,
  stale_ms: Type.Union([Type.Number(), Type.Null()], { description: 'Since a call last ended.' }),
}
const HealthReport = Type.Object({
  ...reportFields,
  adapters: Type.Record(
    Type.String(),
    Type.Object({
      circuit: Type.Enum(['closed', 'open', 'half_open']),
      ...CallHealth,
      arms: Type.Record(Type.String(), Type.Object(CallHealth)),
    }),
  ),
})

export interface ProbesOptions {
  readonly readiness: Readiness
  readonly registry: Pick<AdapterRegistry, 'adapters' | 'health'>
  readonly clock: Clock
  readonly version: string
}

export async function probes(
  app: App,
  { readiness, registry, clock, version }: ProbesOptions,
): Promise<void> {
  const startedAt = clock.monotonic()
  const body = (report: ReadinessReport) => ({
    ...report,
    version,
    uptime_s: Math.round((clock.monotonic() - startedAt) / 1000),
  })
  const probe = (path: string, summary: string, report: () => ReadinessReport): void => {
    app.get(
      path,
      {
        config: { plane: 'public' },
        schema: { summary, tags: ['probes'], response: { 200: Report, 503: Report } },
      },
      async (_request, reply) => {
        const current = report()
        return reply.code(current.status === 'unavailable' ? 503 : 200).send(body(current))
      },
    )
  }
  const alive = (): ReadinessReport => ({ status: 'ok', checks: {} })

  probe('/livez', 'Is the process alive?', alive)
  probe('/startupz', 'Has the start come to its end? It has, once the listener is open.', alive)
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
      const report = readiness.report()
      const adapters = Object.fromEntries(registry.adapters().map(({ id }) => [id, healthOf(registry, id)]))
      return reply.code(report.status === 'unavailable' ? 503 : 200).send({ ...body(report), adapters })
    },
  )
}

function healthOf(registry: ProbesOptions['registry'], id: AdapterId) {
  const health = registry.health(id) as AdapterHealth
  const arms = Object.entries(health.arms).map(([arm, own]) => [arm, figuresOf(own)] as const)
  return { circuit: health.circuit, ...figuresOf(health), arms: Object.fromEntries(arms) }
}

function figuresOf(health: HealthSnapshot) {
  return {
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
