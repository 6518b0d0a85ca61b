/** What an outcome says of a model's quality. Null says nothing: a rate limit or a client that left is not the model's doing. */
import type { Outcome } from '../observation/observation.ts'

export function rewardOf(outcome: Outcome, quality: number | null): number | null {
  switch (outcome) {
    case 'success':
      return quality
    case 'error':
    case 'timeout':
    case 'cut':
      return quality ?? 0
    case 'rate_limited':
    case 'rejected':
    case 'cancelled':
      return quality
  }
}
