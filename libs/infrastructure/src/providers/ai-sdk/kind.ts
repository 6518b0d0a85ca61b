/** What a kind of upstream adds to what all have in common: the SDK's model of it, and where its words differ. */
import type { LanguageModelV4, SharedV4ProviderOptions } from '@ai-sdk/provider'
import type { UpstreamError } from '@atp/domain/adapter'

export type Fetch = typeof globalThis.fetch

/** With these, in the kind's own way, an upstream knows whose call it is. As they are now: revealed. */
export interface Credentials {
  readonly apiKey: string | null
  /** AWS alone: signs calls, in place of a key. */
  readonly signing: {
    readonly accessKeyId: string
    readonly secretAccessKey: string
    readonly sessionToken?: string
  } | null
}

export interface ModelSettings {
  readonly upstreamModel: string
  readonly baseUrl: string
  /** Of AWS; empty elsewhere. */
  readonly region: string
  readonly credentials: Credentials
  readonly fetch: Fetch
}

/** Anthropic's marker of a prompt's part up to which it is cached. */
export interface CacheControl {
  readonly type: 'ephemeral'
  readonly ttl?: '5m' | '1h'
}

export interface Kind {
  /** Made for each call, because it carries the call's own `fetch`. It reads no environment variable. */
  readonly model: (settings: ModelSettings) => LanguageModelV4
  /** How a message's end is marked for caching; null where prompts are not cached by request. */
  readonly cache: ((control: CacheControl) => SharedV4ProviderOptions) | null
  /** Whether a tool's end can be marked so too. */
  readonly cachesTools: boolean
  /** How to ask for one call of a tool at a time; null where there is no way. */
  readonly oneToolCall: SharedV4ProviderOptions | null
  /** Whether `strict` of a tool reaches the upstream. */
  readonly strictTools: boolean
  /** Whether a message of the assistant may have text beside its calls of tools. */
  readonly textBesideToolCalls: boolean
  /** Whether documents can be sent. */
  readonly documents: boolean
  /** Whether a request must say how long its answer may be. */
  readonly needsOutputLimit: boolean
  /** Types of a stream's events that the SDK knows, where its provider says that others may come; null: any other is garbage. */
  readonly knownEvents: ReadonlySet<string> | null
  /** Whether this is what the upstream says of a wrong key, where it says so by another status than 401 or 403. */
  readonly isRefusedKey?: (error: UpstreamError) => boolean
}
