/**
 * The provider for upstreams that speak a format of their own, through the packages of the Vercel AI SDK. This file loads none of
 * them: the kinds that are configured are loaded when their provider is made, beside everything else that starts.
 */
import { type Clock, systemClock } from '@atp/core/clock'
import type { LiveSecret } from '@atp/core/secret'
import type { Milliseconds } from '@atp/core/units'
import type { Provider } from '@atp/domain/adapter'
import { Pool } from 'undici'
import { openAiErrorBody } from './ai-sdk/error-body.ts'
import type { Kind } from './ai-sdk/kind.ts'
import type { Access, Connection } from './ai-sdk/translating-provider.ts'
import { isSecret } from './call-headers.ts'
import { furtherHeadersOf, sendableKey, urlOf } from './connection.ts'
import type { TimeLimits } from './deadlines.ts'
import { MadeOfSecrets } from './made-of-secrets.ts'
import type { Upstream } from './upstream.ts'

export interface AiSdkOptions {
  readonly adapterId: string
  readonly kind: AiSdkKind
  /** Without the path of a call. Default: the kind's own. */
  readonly baseUrl?: string
  /** Of AWS, for `bedrock`. */
  readonly region?: string
  readonly apiKey: LiveSecret | null
  /** For `bedrock`, in place of a key. */
  readonly signing?: SigningSecrets
  /** Sent with every call; they win over ours. */
  readonly headers?: Readonly<Record<string, string | LiveSecret>>
  /** Tokens that an answer may have, by the upstream's name of the model: said to an upstream that must be told. */
  readonly outputLimits?: ReadonlyMap<string, number>
  readonly timeouts: TimeLimits & { readonly connect: Milliseconds }
  /** Calls in flight at once; more wait, on their own time limits. */
  readonly maxConnections: number
  readonly clock?: Clock
}

export interface SigningSecrets {
  readonly accessKeyId: LiveSecret
  readonly secretAccessKey: LiveSecret
  readonly sessionToken?: LiveSecret
}

export type AiSdkKind = keyof typeof KINDS

const KINDS = {
  anthropic: {
    baseUrl: () => 'https://api.anthropic.com/v1',
    load: () => import('./ai-sdk/anthropic.ts'),
  },
  google: {
    baseUrl: () => 'https://generativelanguage.googleapis.com/v1beta',
    load: () => import('./ai-sdk/google.ts'),
  },
  bedrock: {
    baseUrl: (region: string) =>
      `https://bedrock-runtime.${region}.amazonaws.com${region.startsWith('cn-') ? '.cn' : ''}`,
    load: () => import('./ai-sdk/bedrock.ts'),
  },
  cohere: {
    baseUrl: () => 'https://api.cohere.com/v2',
    load: () => import('./ai-sdk/cohere.ts'),
  },
} as const satisfies Record<
  string,
  { baseUrl: (region: string) => string; load: () => Promise<{ readonly kind: Kind }> }
>

/**
 * Opens no connection until the first call.
 * @throws {AtpError} `invalid_config` where the URL, a key or a header cannot be sent
 */
export function createAiSdkProvider(options: AiSdkOptions): Provider {
  const connection = connectionOf(options)
  const loaded = load(options.kind, connection)
  // Should a package be broken, the calls say so.
  loaded.catch(() => undefined)
  return {
    complete: async call => (await loaded).complete(call),
    stream: async call => (await loaded).stream(call),
    close: () => connection.upstream.pool.close(),
  }
}

async function load(name: AiSdkKind, connection: Connection): Promise<Provider> {
  const [{ TranslatingProvider }, { kind }] = await Promise.all([
    import('./ai-sdk/translating-provider.ts'),
    KINDS[name].load(),
  ])
  return new TranslatingProvider(kind, connection)
}

function connectionOf(options: AiSdkOptions): Connection {
  const { adapterId, kind, region = '', timeouts, maxConnections, clock = systemClock } = options
  const { origin, pathname } = urlOf({ adapterId, baseUrl: options.baseUrl ?? KINDS[kind].baseUrl(region) })
  const access = accessOf(options)
  const upstream: Upstream = {
    name: `adapter ${adapterId}`,
    pool: new Pool(origin, {
      connections: maxConnections,
      connectTimeout: timeouts.connect,
      // As for `openai-compatible`, and for the same reasons.
      headersTimeout: 0,
      bodyTimeout: 0,
      allowH2: false,
    }),
    path: pathname,
    limits: timeouts,
    clock,
    redact: body => openAiErrorBody(access.redact(body)),
  }
  const baseUrl = origin + pathname.replace(/\/+$/, '')
  return { upstream, access, baseUrl, region, outputLimits: options.outputLimits ?? new Map() }
}

function accessOf(options: AiSdkOptions): MadeOfSecrets<Access> {
  const { adapterId, apiKey, signing, headers = {} } = options
  const { accessKeyId, secretAccessKey, sessionToken } = signing ?? {}
  const secrets = [
    apiKey,
    accessKeyId,
    secretAccessKey,
    sessionToken,
    ...Object.values(headers).filter(isSecret),
  ]
  return new MadeOfSecrets(
    adapterId,
    secrets.filter(secret => secret != null),
    () => ({
      credentials: {
        apiKey: apiKey === null ? null : sendableKey(adapterId, 'api_key', apiKey),
        signing: signing === undefined ? null : revealed(adapterId, signing),
      },
      headers: furtherHeadersOf(options),
    }),
  )
}

function revealed(adapterId: string, { accessKeyId, secretAccessKey, sessionToken }: SigningSecrets) {
  return {
    accessKeyId: sendableKey(adapterId, 'access_key_id', accessKeyId),
    secretAccessKey: secretAccessKey.reveal(),
    ...(sessionToken === undefined
      ? {}
      : { sessionToken: sendableKey(adapterId, 'session_token', sessionToken) }),
  }
}
