/** The headers of every call: made once, and again when a secret in them is another. */
import type { LiveSecret } from '@atp/core/secret'
import { type ConnectionOptions, headersOf } from './connection.ts'
import { MadeOfSecrets } from './made-of-secrets.ts'

/** Names and values in turn, as undici takes them fastest. */
export interface HeaderSet {
  readonly whole: string[]
  readonly stream: string[]
}

/** @throws {AtpError} `invalid_config` where a header cannot be sent */
export function callHeaders(options: ConnectionOptions): MadeOfSecrets<HeaderSet> {
  const { adapterId, apiKey, headers = {} } = options
  const secrets = [...(apiKey === null ? [] : [apiKey]), ...Object.values(headers).filter(isSecret)]
  return new MadeOfSecrets(adapterId, secrets, () => ({
    whole: headersOf(options, 'application/json'),
    stream: headersOf(options, 'text/event-stream'),
  }))
}

export function isSecret(value: string | LiveSecret): value is LiveSecret {
  return typeof value !== 'string'
}
