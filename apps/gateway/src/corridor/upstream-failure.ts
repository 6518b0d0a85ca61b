/** What an upstream's failure means: for the model's record, for the next candidate, and for the caller. */
import { AtpError, type ErrorCode } from '@atp/core/errors'
import { UpstreamError, type UpstreamFailure } from '@atp/domain/adapter'
import type { Outcome } from '@atp/domain/observation'
import type { Arm } from '@atp/domain/routing'

export const OUTCOME_OF: Readonly<Record<UpstreamFailure, Outcome>> = {
  rejected: 'rejected',
  unauthorized: 'error',
  rate_limited: 'rate_limited',
  failed: 'error',
  malformed: 'error',
  timeout: 'timeout',
  cut: 'cut',
  cancelled: 'cancelled',
}

const CODE_OF: Readonly<Record<UpstreamFailure, ErrorCode>> = {
  rejected: 'upstream_rejected',
  unauthorized: 'upstream_failed',
  rate_limited: 'upstream_rate_limited',
  failed: 'upstream_failed',
  malformed: 'upstream_failed',
  timeout: 'upstream_timeout',
  cut: 'upstream_failed',
  cancelled: 'client_closed_request',
}

/** Another model can help, unless the request itself is wrong or nobody waits for the answer. */
export function fallsBack(error: UpstreamError): boolean {
  return error.failure !== 'rejected' && error.failure !== 'cancelled'
}

export interface FailedAttempt {
  readonly arm: Arm
  readonly error: UpstreamError
}

/** One error for all that was tried: the last failure decides, unless the failures differ in kind. */
export function failureOf(tried: readonly FailedAttempt[]): AtpError {
  const last = tried.at(-1)
  if (last === undefined) {
    return new AtpError('upstream_unavailable', { detail: 'the circuit of every candidate has just opened' })
  }
  const decides = !fallsBack(last.error) || tried.every(({ error }) => error.failure === last.error.failure)
  const attempts = tried.map(({ arm, error }) => ({
    arm: arm.id,
    failure: error.failure,
    ...(error.status === undefined ? {} : { status: error.status }),
  }))
  // Who waits for the first of them to come back has waited long enough.
  const retryAfter = Math.min(...tried.map(({ error }) => error.retryAfter ?? Number.POSITIVE_INFINITY))
  return new AtpError(decides ? CODE_OF[last.error.failure] : 'upstream_failed', {
    detail: tried.map(({ arm, error }) => `${arm.id}: ${error.message}`).join(' | '),
    context: { attempts },
    cause: last.error,
    ...(Number.isFinite(retryAfter) ? { retryAfterMs: retryAfter } : {}),
  })
}

/** A provider throws nothing else; should a bug do so, the caller still gets an answer and the next model its chance. */
export function asUpstreamError(error: unknown): UpstreamError {
  return error instanceof UpstreamError
    ? error
    : new UpstreamError('failed', 'the provider adapter failed', { cause: error })
}
