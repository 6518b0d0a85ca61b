/** From the configuration to what calls the upstreams: each adapter's provider, and the embedder of prompts. */
import { type AdapterConfig, type Config, parseDuration } from '@atp/core/config'
import type { Provider } from '@atp/domain/adapter'
import type { PromptEmbedder } from '@atp/domain/routing'
import { createOpenAiCompatibleEmbedder, createOpenAiCompatibleProvider } from '@atp/infrastructure/providers'

export function providerOf(adapter: AdapterConfig, upstream: Config['upstream']): Provider {
  return createOpenAiCompatibleProvider({
    ...connectionOf(adapter),
    streamUsage: adapter.stream_usage,
    outputLimitField: adapter.output_limit_field,
    timeouts: {
      connect: parseDuration(upstream.connect_timeout),
      firstToken: parseDuration(upstream.first_token_timeout),
      idle: parseDuration(upstream.idle_timeout),
      total: parseDuration(upstream.total_timeout),
    },
    maxConnections: upstream.max_connections,
  })
}

/** Null where no model embeds prompts; that its adapter is there, the configuration's rules have seen to. */
export function embedderOf({ adapters, routing, upstream }: Config): PromptEmbedder | null {
  const { model, timeout } = routing.embedding
  const adapter = adapters.find(({ id }) => model?.startsWith(`${id}/`))
  if (model === undefined || adapter === undefined) return null
  return createOpenAiCompatibleEmbedder({
    ...connectionOf(adapter),
    model: model.slice(adapter.id.length + 1),
    timeouts: { connect: parseDuration(upstream.connect_timeout), total: parseDuration(timeout) },
    maxConnections: upstream.max_connections,
  })
}

function connectionOf(adapter: AdapterConfig) {
  return {
    adapterId: adapter.id,
    baseUrl: adapter.base_url,
    apiKey: adapter.api_key,
    ...(adapter.headers === undefined ? {} : { headers: adapter.headers }),
  }
}
