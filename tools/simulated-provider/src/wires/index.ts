import { anthropic } from './anthropic.ts'
import { bedrock } from './bedrock.ts'
import { cohere } from './cohere.ts'
import { google } from './google.ts'
import { openai } from './openai.ts'

export type { Wire, WireAnswer, WireCall, WireRequest } from './wire.ts'
export { startWireServer, type WireFault, type WireReply, type WireServer } from './wire-server.ts'

/** By the kind of the adapter that speaks it. */
export const WIRES = { anthropic, google, bedrock, cohere, 'openai-compatible': openai } as const
