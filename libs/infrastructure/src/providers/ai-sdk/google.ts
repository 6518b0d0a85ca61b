/** Google's Gemini API. */
import { createGoogle } from '@ai-sdk/google'
import type { Kind } from './kind.ts'

export const kind: Kind = {
  model: ({ upstreamModel, baseUrl, credentials, fetch }) =>
    createGoogle({ baseURL: baseUrl, apiKey: credentials.apiKey ?? NO_KEY, fetch })(upstreamModel),
  cache: null,
  cachesTools: false,
  oneToolCall: null,
  strictTools: true,
  textBesideToolCalls: true,
  documents: true,
  needsOutputLimit: false,
  knownEvents: null,
  isRefusedKey: ({ status, body }) => status === 400 && body?.includes('API_KEY_INVALID') === true,
}

/** Without one the SDK would take that of the environment. */
const NO_KEY = 'none'
