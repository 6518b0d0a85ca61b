/** An error as the caller's wire expects it: RFC 9457 problems on our endpoints, OpenAI's and Anthropic's error objects on theirs. */
import { AtpError, ERROR_CATALOGUE, type ErrorCode } from '@atp/core/errors'
import { UpstreamError } from '@atp/domain/adapter'
import type { Problem } from './schemas/common.ts'

export type Wire = 'atp' | 'openai' | 'anthropic'

export interface ErrorResponse {
  readonly status: number
  readonly contentType: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | Buffer
}

/** @param requestId told where the wire has a place for it */
export function errorResponse(error: AtpError, wire: Wire, requestId = ''): ErrorResponse {
  const { status } = ERROR_CATALOGUE[error.code]
  const headers: Record<string, string> = { ...error.headers }
  if (error.retryAfterMs !== undefined) headers['retry-after'] = String(Math.ceil(error.retryAfterMs / 1000))
  if (status === 401) headers['www-authenticate'] = 'Bearer'
  if (wire === 'anthropic') {
    const body = JSON.stringify({ ...anthropicError(error), request_id: requestId })
    return { status: anthropicStatus(status), contentType: 'application/json', headers, body }
  }
  if (wire === 'openai') {
    const upstream = upstreamsOwn(error)
    if (upstream !== null) return { ...upstream, headers }
    return { status, contentType: 'application/json', headers, body: JSON.stringify(openAiError(error)) }
  }
  return { status, contentType: 'application/problem+json', headers, body: JSON.stringify(problem(error)) }
}

/** What a provider says of a wrong request is the best answer that an OpenAI client can get. */
function upstreamsOwn(error: AtpError): Omit<ErrorResponse, 'headers'> | null {
  const { cause } = error
  if (error.code !== 'upstream_rejected' || !(cause instanceof UpstreamError)) return null
  if (cause.status === undefined || cause.body === undefined || !isJsonObject(cause.body)) return null
  return { status: cause.status, contentType: 'application/json', body: cause.body }
}

function isJsonObject(bytes: Buffer): boolean {
  try {
    const value: unknown = JSON.parse(bytes.toString())
    return typeof value === 'object' && value !== null
  } catch {
    return false
  }
}

export function openAiError(error: AtpError): { readonly error: Readonly<Record<string, unknown>> } {
  const [problem] = error.problems
  return {
    error: {
      message: messageOf(error),
      type: ERROR_CATALOGUE[error.code].openaiType,
      param: problem?.field ?? null,
      code: error.code,
      ...error.context,
    },
  }
}

/** Who is out of service for now says 529 there. */
function anthropicStatus(status: number): number {
  return status === 503 ? 529 : status
}

export function anthropicError(error: AtpError) {
  const { status } = ERROR_CATALOGUE[error.code]
  const upstream = upstreamsOwn(error)
  return {
    type: 'error',
    error: {
      type: ANTHROPIC_TYPES[status] ?? (status < 500 ? 'invalid_request_error' : 'api_error'),
      message: upstream === null ? messageOf(error) : upstream.body.toString(),
      code: error.code,
      ...error.context,
    },
  }
}

const ANTHROPIC_TYPES: Readonly<Record<number, string>> = {
  401: 'authentication_error',
  403: 'permission_error',
  404: 'not_found_error',
  413: 'request_too_large',
  429: 'rate_limit_error',
  503: 'overloaded_error',
  504: 'timeout_error',
}

export function problem(error: AtpError): Problem {
  const { status, title } = ERROR_CATALOGUE[error.code]
  return {
    type: `urn:atp:error:${error.code}`,
    title,
    status,
    code: error.code,
    detail: messageOf(error),
    ...(error.problems.length === 0 ? {} : { problems: [...error.problems] }),
    ...error.context,
  }
}

function messageOf(error: AtpError): string {
  const fields = error.problems.map(
    ({ field, found, allowed }) => `${field}: found ${found}, allowed ${allowed}`,
  )
  return fields.length === 0 ? error.message : `${error.message} (${fields.join('; ')})`
}

const FASTIFY_CODES: Readonly<Record<string, ErrorCode>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: 'payload_too_large',
  FST_ERR_CTP_INVALID_MEDIA_TYPE: 'unsupported_media_type',
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: 'invalid_request',
  FST_ERR_CTP_EMPTY_JSON_BODY: 'malformed_json',
  FST_ERR_CTP_INVALID_JSON_BODY: 'malformed_json',
}

/** Whatever was thrown, as one of our errors. What we don't know is `internal`, its message kept for the log. */
export function asAtpError(thrown: unknown): AtpError {
  if (thrown instanceof AtpError) return thrown
  const { code, message, statusCode } = thrown as { code?: string; message?: string; statusCode?: number }
  const known = code === undefined ? undefined : FASTIFY_CODES[code]
  if (known !== undefined) return new AtpError(known, { detail: message ?? code ?? '', cause: thrown })
  if (thrown instanceof SyntaxError || (statusCode === 400 && code === undefined)) {
    return new AtpError('malformed_json', { detail: `the body cannot be parsed: ${message}`, cause: thrown })
  }
  return new AtpError('internal', { detail: 'an unexpected error; the log has it', cause: thrown })
}
