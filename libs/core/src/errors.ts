/** The one catalogue of error codes. Each maps once to an HTTP status, a title, and the type OpenAI's clients expect. */

export const ERROR_CATALOGUE = {
  invalid_request: { status: 400, title: 'The request is not valid', openaiType: 'invalid_request_error' },
  malformed_json: { status: 400, title: 'The body is not valid JSON', openaiType: 'invalid_request_error' },
  invalid_api_key: {
    status: 401,
    title: 'A valid API key is needed',
    openaiType: 'invalid_request_error',
  },
  forbidden: { status: 403, title: 'This key may not do that', openaiType: 'permission_error' },
  unknown_model: { status: 404, title: 'There is no such model', openaiType: 'invalid_request_error' },
  unknown_decision: { status: 404, title: 'There is no such decision', openaiType: 'invalid_request_error' },
  not_found: { status: 404, title: 'There is nothing at this address', openaiType: 'invalid_request_error' },
  method_not_allowed: {
    status: 405,
    title: 'This address takes other methods',
    openaiType: 'invalid_request_error',
  },
  request_timeout: {
    status: 408,
    title: 'The request did not arrive in time',
    openaiType: 'invalid_request_error',
  },
  already_exists: {
    status: 409,
    title: 'There is one of this id already',
    openaiType: 'invalid_request_error',
  },
  precondition_failed: {
    status: 412,
    title: 'It was changed by somebody else',
    openaiType: 'invalid_request_error',
  },
  payload_too_large: { status: 413, title: 'The body is too large', openaiType: 'invalid_request_error' },
  unsupported_media_type: {
    status: 415,
    title: 'The content type must be application/json',
    openaiType: 'invalid_request_error',
  },
  upgrade_required: {
    status: 426,
    title: 'This address speaks WebSocket',
    openaiType: 'invalid_request_error',
  },
  no_candidate: {
    status: 422,
    title: 'No model satisfies every constraint of this request',
    openaiType: 'invalid_request_error',
  },
  precondition_required: {
    status: 428,
    title: 'The change must say which version it changes',
    openaiType: 'invalid_request_error',
  },
  too_many_failures: {
    status: 429,
    title: 'Too many requests without a valid API key',
    openaiType: 'rate_limit_error',
  },
  guardrail_blocked: {
    status: 400,
    title: 'A guardrail does not let this prompt pass',
    openaiType: 'invalid_request_error',
  },
  // No 5xx: clients would ask again, and pay again.
  answer_blocked: {
    status: 422,
    title: 'A guardrail does not let this answer pass',
    openaiType: 'invalid_request_error',
  },
  headers_too_large: {
    status: 431,
    title: 'The headers are too large',
    openaiType: 'invalid_request_error',
  },
  upstream_rejected: {
    status: 400,
    title: 'The provider refused the request',
    openaiType: 'invalid_request_error',
  },
  unsupported_by_models: {
    status: 400,
    title: 'No candidate can be asked this',
    openaiType: 'invalid_request_error',
  },
  rate_limit_exceeded: { status: 429, title: 'A limit has no room now', openaiType: 'rate_limit_error' },
  quota_exceeded: { status: 429, title: 'A quota is spent', openaiType: 'insufficient_quota' },
  upstream_rate_limited: {
    status: 429,
    title: 'Every candidate is rate-limited by its provider',
    openaiType: 'rate_limit_error',
  },
  client_closed_request: { status: 499, title: 'The client went away', openaiType: 'invalid_request_error' },
  internal: { status: 500, title: 'The gateway failed', openaiType: 'server_error' },
  upstream_failed: { status: 502, title: 'Every candidate failed', openaiType: 'server_error' },
  upstream_unavailable: {
    status: 503,
    title: 'Every candidate is out of service for now',
    openaiType: 'server_error',
  },
  upstream_at_capacity: {
    status: 503,
    title: 'Every candidate has as many calls as it bears',
    openaiType: 'server_error',
  },
  shutting_down: { status: 503, title: 'The gateway is shutting down', openaiType: 'server_error' },
  overloaded: { status: 503, title: 'The gateway cannot take more work now', openaiType: 'server_error' },
  storage_unavailable: {
    status: 503,
    title: 'What is decided cannot be recorded now',
    openaiType: 'server_error',
  },
  limits_unavailable: {
    status: 503,
    title: 'Whether this is within the limits cannot be told now',
    openaiType: 'server_error',
  },
  upstream_timeout: { status: 504, title: 'No candidate answered in time', openaiType: 'server_error' },
  invalid_config: { status: 500, title: 'The configuration is not valid', openaiType: 'server_error' },
  start_failed: { status: 500, title: 'A component failed to start', openaiType: 'server_error' },
  duplicate_adapter: {
    status: 409,
    title: 'An adapter of this id is registered already',
    openaiType: 'invalid_request_error',
  },
  invalid_argument: {
    status: 500,
    title: 'A library function was called with an illegal value',
    openaiType: 'server_error',
  },
} as const satisfies Record<string, { status: number; title: string; openaiType: string }>

export type ErrorCode = keyof typeof ERROR_CATALOGUE

/** What was wrong with one field of an input: where it is, what was found, what is allowed. */
export interface FieldProblem {
  readonly field: string
  readonly found: string
  readonly allowed: string
}

export interface AtpErrorOptions {
  readonly detail: string
  readonly problems?: readonly FieldProblem[]
  /** Milliseconds after which trying again makes sense. */
  readonly retryAfterMs?: number
  /** Facts for the caller, rendered as they are: never a secret, never another tenant's data. */
  readonly context?: Readonly<Record<string, unknown>>
  /** Of the response. */
  readonly headers?: Readonly<Record<string, string>>
  readonly cause?: unknown
}

export class AtpError extends Error {
  readonly code: ErrorCode
  readonly problems: readonly FieldProblem[]
  readonly retryAfterMs: number | undefined
  readonly context: Readonly<Record<string, unknown>>
  readonly headers: Readonly<Record<string, string>>

  constructor(code: ErrorCode, options: AtpErrorOptions) {
    super(options.detail, options.cause === undefined ? undefined : { cause: options.cause })
    this.name = 'AtpError'
    this.code = code
    this.problems = options.problems ?? []
    this.retryAfterMs = options.retryAfterMs
    this.context = options.context ?? {}
    this.headers = options.headers ?? {}
  }

  get status(): number {
    return ERROR_CATALOGUE[this.code].status
  }
}
