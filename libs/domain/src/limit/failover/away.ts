import { AtpError } from '@atp/core/errors'

/** Whether a call failed because the shared limiter did not answer, not because of what it was asked. */
export function isAway(error: unknown): boolean {
  return error instanceof AtpError && error.code === 'limits_unavailable'
}
