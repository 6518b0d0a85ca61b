/** `GET /metrics`: Prometheus' text format, with bounded labels. */
import type { App } from '../app.ts'
import type { Scraped } from '../scrape.ts'

export interface MetricsOptions {
  readonly scrape: Scraped
  /** Whether whoever scrapes needs no key. */
  readonly publicMetrics: boolean
}

export async function metrics(app: App, { scrape, publicMetrics }: MetricsOptions): Promise<void> {
  app.get(
    '/metrics',
    {
      config: { plane: publicMetrics ? 'public' : 'admin' },
      schema: { summary: 'Metrics for Prometheus', tags: ['operations'] },
    },
    async (_request, reply) => reply.type(scrape.contentType).send(await scrape.render()),
  )
}
