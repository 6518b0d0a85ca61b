/** `GET /metrics`: Prometheus' text format, with bounded labels. */
import type { Metrics } from '@atp/infrastructure/telemetry'
import type { App } from '../app.ts'

export async function metrics(app: App, { metrics }: { readonly metrics: Metrics }): Promise<void> {
  app.get(
    '/metrics',
    { schema: { summary: 'Metrics for Prometheus', tags: ['operations'] } },
    async (_request, reply) => reply.type(metrics.contentType).send(await metrics.render()),
  )
}
