/** Amazon Bedrock's Converse API, with a bearer key or calls that are signed (AWS Signature Version 4). */
import { createAmazonBedrock } from '@ai-sdk/amazon-bedrock'
import type { Kind } from './kind.ts'

export const kind: Kind = {
  model: ({ upstreamModel, baseUrl, region, credentials: { apiKey, signing }, fetch }) =>
    createAmazonBedrock({
      baseURL: baseUrl,
      region,
      // Empty, not absent: otherwise the SDK would take what the environment has.
      apiKey: apiKey ?? '',
      ...(signing === null ? {} : { credentialProvider: async () => signing }),
      fetch,
    })(upstreamModel),
  cache: ({ ttl }) => ({
    bedrock: { cachePoint: ttl === undefined ? { type: 'default' } : { type: 'default', ttl } },
  }),
  cachesTools: false,
  oneToolCall: null,
  strictTools: true,
  textBesideToolCalls: true,
  documents: true,
  needsOutputLimit: false,
  knownEvents: null,
}
