/** `GET /openapi.json`: OpenAPI 3.1, generated from the very schemas that validate the requests. */
import swagger from '@fastify/swagger'
import fp from 'fastify-plugin'
import type { App } from '../app.ts'

async function openapi(app: App, { version }: { readonly version: string }): Promise<void> {
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'ATP Gateway',
        version,
        description: 'Routes each LLM request to the best model for it, and learns from what came back.',
        license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
      },
      components: {
        securitySchemes: {
          api_key: { type: 'http', scheme: 'bearer', description: 'An API key, `atp_...`.' },
        },
      },
      tags: [
        { name: 'openai', description: "OpenAI's wire format" },
        { name: 'anthropic', description: "Anthropic's wire format" },
        { name: 'atp', description: 'Our own endpoints' },
        { name: 'probes', description: 'For Kubernetes' },
        { name: 'admin', description: 'Tenants, keys, the log of their changes, usage: with an admin key' },
        { name: 'operations', description: 'For whoever runs the gateway' },
      ],
    },
  })
  app.get('/openapi.json', { config: { plane: 'public' }, schema: { hide: true } }, async () => app.swagger())
}

export default fp(openapi, { name: 'openapi' })
