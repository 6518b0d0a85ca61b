/** From the configuration to what calls the upstreams: each adapter's provider, and the embedder of prompts. */
import { type AdapterConfig, type Config, parseDuration, type SecretReference } from '@atp/core/config'
import type { LiveSecret } from '@atp/core/secret'
import type { Provider } from '@atp/domain/adapter'
import type { PromptEmbedder } from '@atp/domain/routing'
import {
  createAiSdkProvider,
  createOpenAiCompatibleEmbedder,
  createOpenAiCompatibleProvider,
  type SigningSecrets,
} from '@atp/infrastructure/providers'

/** Follows a secret of the configuration. */
export type SecretOf = (reference: SecretReference) => LiveSecret

export function providerOf(
  adapter: AdapterConfig,
  upstream: Config['upstream'],
  secretOf: SecretOf,
): Provider {
  const { kind, region } = adapter
  const { baseUrl, ...access } = connectionOf(adapter, secretOf)
  const calls = {
    timeouts: {
      connect: parseDuration(upstream.connect_timeout),
      firstToken: parseDuration(upstream.first_token_timeout),
      idle: parseDuration(upstream.idle_timeout),
      total: parseDuration(upstream.total_timeout),
    },
    maxConnections: upstream.max_connections,
  }
  if (kind === 'openai-compatible') {
    return createOpenAiCompatibleProvider({
      ...access,
      ...calls,
      baseUrl: baseUrl ?? '',
      streamUsage: adapter.stream_usage,
      outputLimitField: adapter.output_limit_field,
    })
  }
  return createAiSdkProvider({
    ...access,
    ...calls,
    ...(baseUrl === undefined ? {} : { baseUrl }),
    ...(region === undefined ? {} : { region }),
    ...signingOf(adapter, secretOf),
    kind,
    outputLimits: new Map(
      adapter.models.map(model => [model.upstream_model ?? model.name, model.max_output_tokens]),
    ),
  })
}

/** With what calls to AWS are signed, where it is not a key. */
function signingOf(
  { access_key_id, secret_access_key, session_token }: AdapterConfig,
  secretOf: SecretOf,
): { readonly signing?: SigningSecrets } {
  if (access_key_id === undefined || secret_access_key === undefined) return {}
  const signing = { accessKeyId: secretOf(access_key_id), secretAccessKey: secretOf(secret_access_key) }
  return {
    signing: session_token === undefined ? signing : { ...signing, sessionToken: secretOf(session_token) },
  }
}

/** Null where no model embeds prompts; that its adapter is there, the configuration's rules have seen to. */
export function embedderOf(
  { adapters, routing, upstream }: Config,
  secretOf: SecretOf,
): PromptEmbedder | null {
  const { model, timeout } = routing.embedding
  const adapter = adapters.find(({ id }) => model?.startsWith(`${id}/`))
  if (model === undefined || adapter === undefined) return null
  const { baseUrl = '', ...access } = connectionOf(adapter, secretOf)
  return createOpenAiCompatibleEmbedder({
    ...access,
    baseUrl,
    model: model.slice(adapter.id.length + 1),
    timeouts: { connect: parseDuration(upstream.connect_timeout), total: parseDuration(timeout) },
    maxConnections: upstream.max_connections,
  })
}

function connectionOf({ id, base_url, api_key, headers }: AdapterConfig, secretOf: SecretOf) {
  const connection = {
    adapterId: id,
    baseUrl: base_url,
    apiKey: api_key === null ? null : secretOf(api_key),
  }
  if (headers === undefined) return connection
  const each = Object.entries(headers).map(([name, value]) => [
    name,
    typeof value === 'string' ? value : secretOf(value),
  ])
  return { ...connection, headers: Object.fromEntries(each) as Record<string, string | LiveSecret> }
}
