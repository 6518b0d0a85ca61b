/** Anthropic's Messages API. */
import { createAnthropic } from '@ai-sdk/anthropic'
import type { Kind } from './kind.ts'

export const kind: Kind = {
  model: ({ upstreamModel, baseUrl, credentials, fetch }) =>
    createAnthropic({ baseURL: baseUrl, apiKey: credentials.apiKey ?? NO_KEY, fetch })(upstreamModel),
  cache: ({ type, ttl }) => ({
    anthropic: { cacheControl: ttl === undefined ? { type } : { type, ttl } },
  }),
  cachesTools: true,
  oneToolCall: { anthropic: { disableParallelToolUse: true } },
  strictTools: true,
  textBesideToolCalls: true,
  documents: true,
  needsOutputLimit: true,
  knownEvents: new Set([
    'message_start',
    'content_block_start',
    'content_block_delta',
    'content_block_stop',
    'message_delta',
    'message_stop',
    'ping',
    'error',
  ]),
}

/** Without one the SDK would take that of the environment. */
const NO_KEY = 'none'
