/** `cache_control` on a part of a request, as Anthropic has it: up to here the prompt is worth keeping. */
import type { SharedV4ProviderOptions } from '@ai-sdk/provider'
import type { CacheControl, Kind } from './kind.ts'
import { described, type Unsupported } from './unsupported.ts'

/** @returns the options that say so; null where nothing is marked */
export function cacheControlIn(
  part: object,
  at: string,
  cache: Kind['cache'],
  unsupported: Unsupported,
): SharedV4ProviderOptions | null {
  const { cache_control: control } = part as { readonly cache_control?: unknown }
  if (control == null) return null
  const field = `${at}.cache_control`
  if (cache === null) {
    unsupported.add(field, described(control), 'nothing: here this upstream takes no marks for caching')
    return null
  }
  if (!isCacheControl(control)) {
    unsupported.add(field, described(control), '{"type": "ephemeral"}, with a ttl of "5m" or "1h" or without')
    return null
  }
  return cache(control)
}

function isCacheControl(value: unknown): value is CacheControl {
  if (typeof value !== 'object' || value === null) return false
  const { type, ttl } = value as { readonly type?: unknown; readonly ttl?: unknown }
  return type === 'ephemeral' && (ttl === undefined || ttl === '5m' || ttl === '1h')
}
