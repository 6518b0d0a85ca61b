/** Cohere's Chat API, version 2. */
import { createCohere } from '@ai-sdk/cohere'
import type { Kind } from './kind.ts'

export const kind: Kind = {
  model: ({ upstreamModel, baseUrl, credentials, fetch }) =>
    createCohere({ baseURL: baseUrl, apiKey: credentials.apiKey ?? NO_KEY, fetch })(upstreamModel),
  cache: null,
  cachesTools: false,
  oneToolCall: null,
  strictTools: false,
  textBesideToolCalls: false,
  documents: false,
  needsOutputLimit: false,
  knownEvents: new Set([
    'message-start',
    'content-start',
    'content-delta',
    'content-end',
    'tool-plan-delta',
    'tool-call-start',
    'tool-call-delta',
    'tool-call-end',
    'citation-start',
    'citation-end',
    'message-end',
  ]),
}

/** Without one the SDK would take that of the environment. */
const NO_KEY = 'none'
