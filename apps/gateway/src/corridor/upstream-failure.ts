/** What an upstream's failure means: for the model's record, for the next candidate, and for the caller. */
import { AtpError, type ErrorCode } from '@atp/core/errors'
import { type CallResult, UpstreamError, type UpstreamFailure } from '@atp/domain/adapter'
import type { Outcome } from '@atp/domain/observation'
import type { Arm } from '@atp/domain/routing'

export const OUTCOME_OF: Readonly<Record<UpstreamFailure, Outcome>> = {
  rejected: 'rejected',
  unauthorized: 'error',
  rate_limited: 'rate_limited',
  failed: 'error',
  malformed: 'error',
  unsupported: 'rejected',
  internal: 'rejected',
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
  unsupported: 'unsupported_by_models',
  internal: 'internal',
  timeout: 'upstream_timeout',
  cut: 'upstream_failed',
  cancelled: 'client_closed_request',
}

export type Next = 'anyone' | 'other adapters' | 'nobody'

/** What a failure says of the model, of the account, and of how much they have to do. */
export function blameOf({ failure, status, cause }: UpstreamError): Pick<CallResult, 'fault' | 'isOverload'> {
  const isConnection = failure === 'failed' ? status === undefined : isConnectTimeout(cause)
  return {
    fault: failure === 'unauthorized' || isConnection ? 'account' : 'model',
    isOverload: status === 503 || status === 529,
  }
}

function isConnectTimeout(cause: unknown): boolean {
  return (cause as { readonly code?: unknown } | undefined)?.code === 'UND_ERR_CONNECT_TIMEOUT'
}

/**
 * Whose models may be asked next. Nobody waits after a cancellation. What one upstream finds wrong, another may take, but two
 * that agree are believed: no third is asked. What one has no words for, any other may have, if only another of the same adapter.
 */
export function nextAfter(failed: readonly FailedAttempt[]): Next {
  const rejections = failed.filter(({ error }) => error.failure === 'rejected').length
  if (failed.at(-1)?.error.failure === 'cancelled' || rejections > 1) return 'nobody'
  return rejections === 1 ? 'other adapters' : 'anyone'
}

/** Those that called an upstream: only they count as attempts. */
export function sentOf(failed: readonly FailedAttempt[]): readonly FailedAttempt[] {
  return failed.length === 0 ? failed : failed.filter(({ error }) => error.failure !== 'unsupported')
}

export interface FailedAttempt {
  readonly arm: Arm
  readonly error: UpstreamError
}

/**
 * One error for all that was tried: what the client can mend decides, and failures that differ in kind are just failures. Who was
 * not called, because it has no words for the request, decides only where nobody was called.
 * @param because why nobody else was, where others are left
 */
export function failureOf(all: readonly FailedAttempt[], because?: string): AtpError {
  const sent = sentOf(all)
  const tried = sent.length === 0 ? all : sent
  const last = tried.at(-1)
  if (last === undefined) {
    return new AtpError('upstream_unavailable', {
      detail:
        'the circuit of every candidate has just opened, or its adapter has just had as many calls as it bears',
    })
  }
  const givenUp = givenUpFor(last.error)
  if (givenUp !== null) return givenUp
  const cancelled = last.error.failure === 'cancelled' ? last : undefined
  const telling = cancelled ?? tried.find(({ error }) => error.failure === 'rejected')
  const { error: decisive } = telling ?? last
  const decides = telling !== undefined || tried.every(({ error }) => error.failure === decisive.failure)
  const attempts = tried.map(({ arm, error }) => ({
    arm: arm.id,
    failure: error.failure,
    ...(error.status === undefined ? {} : { status: error.status }),
  }))
  // Who waits for the first of them to come back has waited long enough.
  const retryAfter = Math.min(...tried.map(({ error }) => error.retryAfter ?? Number.POSITIVE_INFINITY))
  return new AtpError(decides ? CODE_OF[decisive.failure] : 'upstream_failed', {
    detail: [
      ...tried.map(({ arm, error }) => `${arm.id}: ${error.message}`),
      ...(because === undefined ? [] : [because]),
    ].join(' | '),
    context: { attempts },
    ...(decisive.problems.length === 0 ? {} : { problems: decisive.problems }),
    cause: decisive,
    ...(Number.isFinite(retryAfter) ? { retryAfterMs: retryAfter } : {}),
  })
}

/** Why we cancelled a call that its client was waiting for; null where the client left, or nothing was cancelled. */
export function givenUpFor({ failure, cause }: UpstreamError): AtpError | null {
  return failure === 'cancelled' && cause instanceof AtpError ? cause : null
}

/** A provider throws nothing else; should a bug do so, the next model gets its chance and no upstream the blame. */
export function asUpstreamError(error: unknown): UpstreamError {
  return error instanceof UpstreamError
    ? error
    : new UpstreamError('internal', 'the provider adapter failed', { cause: error })
}
