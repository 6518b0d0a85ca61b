/** `GET /metrics`: Prometheus' text format, with bounded labels. */
import type { App } from '../app.ts'
import type { Scrape } from '../scrape.ts'

export async function metrics(app: App, { scrape }: { readonly scrape: Scrape }): Promise<void> {
  app.get(
    '/metrics',
    { schema: { summary: 'Metrics for Prometheus', tags: ['operations'] } },
    async (_request, reply) => reply.type(scrape.contentType).send(await scrape.render()),
  )
}
