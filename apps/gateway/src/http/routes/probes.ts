/** The four probes. Liveness never looks at a dependency; readiness does, and fails first on shutdown. */
import type { Clock } from '@atp/core/clock'
import { Type } from 'typebox'
import type { App } from '../app.ts'
import type { Readiness, ReadinessReport } from '../readiness.ts'

const Status = Type.Enum(['ok', 'degraded', 'unavailable'])
const Report = Type.Object({
  status: Status,
  checks: Type.Record(
    Type.String(),
    Type.Object({ status: Status, detail: Type.Union([Type.String(), Type.Null()]) }),
  ),
  version: Type.String(),
  uptime_s: Type.Number(),
})

export interface ProbesOptions {
  readonly readiness: Readiness
  readonly clock: Clock
  readonly version: string
}

export async function probes(app: App, { readiness, clock, version }: ProbesOptions): Promise<void> {
  const startedAt = clock.monotonic()
  const body = (report: ReadinessReport) => ({
    ...report,
    version,
    uptime_s: Math.round((clock.monotonic() - startedAt) / 1000),
  })
  const probe = (path: string, summary: string, report: () => ReadinessReport): void => {
    app.get(
      path,
      { schema: { summary, tags: ['probes'], response: { 200: Report, 503: Report } } },
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
  probe('/healthz', 'How are the components?', () => readiness.report())
}
