/** What an upstream's HTTP status says about the request, the account, or the upstream itself. */
import type { UpstreamFailure } from '@atp/domain/adapter'

export function isSuccess(status: number): boolean {
  return status >= 200 && status < 300
}

/** @param status any but a success; a redirect counts as a failure, because it must not carry the key elsewhere */
export function failureOfStatus(status: number): UpstreamFailure {
  switch (status) {
    case 400:
    case 413:
    case 414:
    case 415:
    case 422:
      return 'rejected'
    // Out of credit is a fault of the account too.
    case 401:
    case 402:
    case 403:
      return 'unauthorized'
    case 429:
      return 'rate_limited'
    default:
      return 'failed'
  }
}
