import { AtpError } from '@atp/core/errors'

/** What a tenant has spent is not known now, and money is refused until it is. */
export function unsummed(why: string, cause?: unknown): AtpError {
  const detail = `what was spent so far cannot be told: ${why}`
  return new AtpError('limits_unavailable', {
    detail,
    retryAfterMs: 1_000,
    ...(cause === undefined ? {} : { cause }),
  })
}
