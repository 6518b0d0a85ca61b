/**
 * Gemini signs its calls of tools and wants the signature back with them. In OpenAI's format it travels as Google has it there:
 * `extra_content.google.thought_signature` of a tool call.
 */
import type { SharedV4ProviderMetadata, SharedV4ProviderOptions } from '@ai-sdk/provider'

interface ExtraContent {
  readonly google?: { readonly thought_signature?: unknown } | null
}

/** From a client's tool call. */
export function signatureOptions(extra: unknown): SharedV4ProviderOptions | null {
  const signature = (extra as ExtraContent | null | undefined)?.google?.thought_signature
  return typeof signature === 'string' ? { google: { thoughtSignature: signature } } : null
}

/** For a client's tool call. */
export function extraContentOf(metadata: SharedV4ProviderMetadata | undefined): {
  extra_content?: ExtraContent
} {
  const signature = metadata?.google?.thoughtSignature
  return typeof signature === 'string' ? { extra_content: { google: { thought_signature: signature } } } : {}
}
