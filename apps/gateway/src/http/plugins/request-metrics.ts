/** Counts and times every answer, hijacked streams included; logs it where the operator asked for that. */
import type { Metrics } from '@atp/infrastructure/telemetry'
import fp from 'fastify-plugin'
import type { App } from '../app.ts'

export interface RequestMetricsOptions {
  readonly metrics: Metrics
  readonly logRequests: boolean
}

async function requestMetrics(app: App, { metrics, logRequests }: RequestMetricsOptions): Promise<void> {
  app.addHook('onResponse', (request, reply, done) => {
    const endpoint = request.routeOptions.url ?? 'other'
    const status = reply.raw.statusCode
    metrics.request(endpoint, status, reply.elapsedTime)
    if (logRequests) {
      request.log.info(
        { method: request.method, endpoint, status, ms: Math.round(reply.elapsedTime) },
        'answered',
      )
    }
    done()
  })
}

export default fp(requestMetrics, { name: 'request-metrics' })
