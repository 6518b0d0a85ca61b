/** From the configuration to what calls the upstreams: each adapter's provider, and the embedder of prompts. */
import { type AdapterConfig, type Config, parseDuration, type SecretReference } from '@atp/core/config'
import type { LiveSecret } from '@atp/core/secret'
import type { Provider } from '@atp/domain/adapter'
import type { PromptEmbedder } from '@atp/domain/routing'
import { createOpenAiCompatibleEmbedder, createOpenAiCompatibleProvider } from '@atp/infrastructure/providers'

/** Follows a secret of the configuration. */
export type SecretOf = (reference: SecretReference) => LiveSecret

export function providerOf(
  adapter: AdapterConfig,
  upstream: Config['upstream'],
  secretOf: SecretOf,
): Provider {
  return createOpenAiCompatibleProvider({
    ...connectionOf(adapter, secretOf),
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
export function embedderOf(
  { adapters, routing, upstream }: Config,
  secretOf: SecretOf,
): PromptEmbedder | null {
  const { model, timeout } = routing.embedding
  const adapter = adapters.find(({ id }) => model?.startsWith(`${id}/`))
  if (model === undefined || adapter === undefined) return null
  return createOpenAiCompatibleEmbedder({
    ...connectionOf(adapter, secretOf),
    model: model.slice(adapter.id.length + 1),
    timeouts: { connect: parseDuration(upstream.connect_timeout), total: parseDuration(timeout) },
    maxConnections: upstream.max_connections,
  })
}

function connectionOf(adapter: AdapterConfig, secretOf: SecretOf) {
  const { id, base_url, api_version, api_key, auth_header, headers } = adapter
  const connection = {
    adapterId: id,
    baseUrl: base_url,
    apiKey: api_key === null ? null : secretOf(api_key),
    authHeader: auth_header,
    ...(api_version === undefined ? {} : { apiVersion: api_version }),
  }
  if (headers === undefined) return connection
  const each = Object.entries(headers).map(([name, value]) => [
    name,
    typeof value === 'string' ? value : secretOf(value),
  ])
  return { ...connection, headers: Object.fromEntries(each) as Record<string, string | LiveSecret> }
}
