/**
 * What the SDK reports of an answer, as one of our failures. Its errors hold the whole request, and so the prompt: none of them
 * is passed on as a cause.
 */
import { UpstreamError } from '@atp/domain/adapter'
import type { Upstream } from '../upstream.ts'
import { failureOfStatus } from '../upstream-status.ts'

/** The figures of the SDK's errors that we read, whatever class they are of. */
interface SdkError {
  readonly statusCode?: unknown
  readonly message?: unknown
}

/** @param error thrown by a model, or an `error` part of its stream */
export function sdkFailure(error: unknown, { name, redact }: Upstream): UpstreamError {
  if (error instanceof UpstreamError) return error
  const { statusCode, message } = (typeof error === 'object' && error !== null ? error : {}) as SdkError
  // An error in an answer of status 200: some are told with the status that it should have had.
  if (typeof statusCode !== 'number' || statusCode < 400) {
    return new UpstreamError('malformed', `${name} answered with what makes no sense`)
  }
  const body = Buffer.from(JSON.stringify({ message: String(message) }))
  const text = `${name} answered with an error under a status of success (${statusCode})`
  return new UpstreamError(failureOfStatus(statusCode), text, { status: statusCode, body: redact(body) })
}
