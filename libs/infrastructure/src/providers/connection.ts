/** Where and how an upstream is reached, checked once at start: so that no call fails for a typing error. */
import { FRAMING_HEADERS, HEADER_VALUE_PATTERN } from '@atp/core/config'
import { AtpError, type FieldProblem } from '@atp/core/errors'
import type { LiveSecret } from '@atp/core/secret'

export interface ConnectionOptions {
  readonly adapterId: string
  /** Up to and without `/chat/completions` or `/embeddings`; a query is kept. */
  readonly baseUrl: string
  readonly apiKey: LiveSecret | null
  /** Carries the key: `authorization`, the default, as a bearer's; any other as it is. */
  readonly authHeader?: string
  /** Sent as the query `api-version`. */
  readonly apiVersion?: string
  /** Sent with every call; they win over ours. */
  readonly headers?: Readonly<Record<string, string | LiveSecret>>
}

type EndpointOptions = Pick<ConnectionOptions, 'adapterId' | 'baseUrl' | 'apiVersion'>

export interface Endpoint {
  readonly origin: string
  readonly path: string
}

/** @throws {AtpError} `invalid_config` */
export function endpointOf(
  options: EndpointOptions,
  resource: 'chat/completions' | 'embeddings' | 'responses' | 'models',
): Endpoint {
  const url = urlOf(options)
  return { origin: url.origin, path: `${url.pathname.replace(/\/+$/, '')}/${resource}${url.search}` }
}

/** @throws {AtpError} `invalid_config` */
export function urlOf({ adapterId, baseUrl, apiVersion }: EndpointOptions): URL {
  const url = URL.parse(baseUrl)
  if (url === null || !/^https?:$/.test(url.protocol)) {
    throw invalid(adapterId, 'base_url', JSON.stringify(baseUrl), 'an http or https URL')
  }
  if (url.username !== '' || url.password !== '') {
    throw invalid(
      adapterId,
      'base_url',
      'a user name or password',
      'a URL without them; the key belongs into api_key',
    )
  }
  if (apiVersion !== undefined) url.searchParams.set('api-version', apiVersion)
  return url
}

/**
 * The headers of a call, names and values in turn, as undici takes them fastest.
 * @throws {AtpError} `invalid_config`, which never shows a value: any may be a secret
 */
export function headersOf(options: ConnectionOptions, accept: string): string[] {
  const { adapterId, apiKey, authHeader = AUTHORIZATION } = options
  const all = new Map<string, string>([
    ['content-type', 'application/json'],
    ['accept', accept],
    ['accept-encoding', 'identity'],
    ['user-agent', 'atp-gateway'],
  ])
  if (apiKey !== null) {
    const key = sendableKey(adapterId, 'api_key', apiKey)
    const name = authHeader.toLowerCase()
    all.set(name, name === AUTHORIZATION ? `Bearer ${key}` : key)
  }
  for (const [name, value] of furtherHeadersOf(options)) all.set(name, value)
  return [...all].flat()
}

/** @throws {AtpError} `invalid_config`, which never shows the key */
export function sendableKey(adapterId: string, field: string, key: LiveSecret): string {
  const value = key.reveal()
  if (HEADER_VALUE.test(value)) return value
  throw invalid(adapterId, field, 'a character that no header can carry', 'visible ASCII, no line break')
}

/**
 * Those of the configuration, names in small letters.
 * @throws {AtpError} `invalid_config`, which never shows a value: any may be a secret
 */
export function furtherHeadersOf({
  adapterId,
  headers = {},
}: Pick<ConnectionOptions, 'adapterId' | 'headers'>): [name: string, value: string][] {
  return Object.entries(headers).map(([name, given]) => {
    const value = typeof given === 'string' ? given : given.reveal()
    if (!HEADER_NAME.test(name) || FRAMING_HEADERS.has(name.toLowerCase())) {
      throw invalid(
        adapterId,
        'headers',
        JSON.stringify(name),
        'header names other than those that frame a message',
      )
    }
    if (!HEADER_VALUE.test(value)) {
      throw invalid(
        adapterId,
        `headers.${name}`,
        'a character that no header can carry',
        'visible ASCII, no line break',
      )
    }
    return [name.toLowerCase(), value]
  })
}

const AUTHORIZATION = 'authorization'
const HEADER_NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/
const HEADER_VALUE = new RegExp(HEADER_VALUE_PATTERN)

function invalid(adapterId: string, key: string, found: string, allowed: string): AtpError {
  const problem: FieldProblem = { field: `adapters.${adapterId}.${key}`, found, allowed }
  return new AtpError('invalid_config', {
    detail: `${problem.field}: found ${found}; allowed: ${allowed}`,
    problems: [problem],
  })
}
