/** What a tenant wants while the shared limiter is away. */
import { AtpError } from '@atp/core/errors'
import { type BucketLimit, bucketScale, isGuarded, type Limit, WINDOW_MAX_US } from '../limit.ts'

/**
 * `closed` refuses: exact. `local` goes on in each replica with its share: at most twice the limit in windows that touch the
 * outage, or the limit and one from each replica where that is more. This holds where the number of replicas is known: one
 * that knows of fewer than there are, as when it started while Redis was away, takes a larger share.
 */
export type WhenAway = 'closed' | 'local'

export interface AwayPolicy {
  readonly rates: WhenAway
  /** Also for all that is counted over days. */
  readonly money: WhenAway
}

export const AWAY_DEFAULT: AwayPolicy = { rates: 'local', money: 'closed' }

/** @throws {AtpError} `limits_unavailable` where one of these limits must not be decided here */
export function checkLocal(limits: readonly Limit[], policy: AwayPolicy, cause?: unknown): void {
  const closed = limits.find(limit => {
    return limit.shadow !== true && policy[isGuarded(limit) ? 'money' : 'rates'] === 'closed'
  })
  if (closed === undefined) return
  const detail = `the limit ${closed.id} cannot be told while the limits that all replicas share are away`
  throw new AtpError('limits_unavailable', { detail, cause })
}

/** What one of so many replicas may admit by itself: its share, but one at least of what is not forbidden. */
export class Shares {
  readonly #known = new WeakMap<Limit, { readonly replicas: number; readonly share: Limit }>()

  of(limit: Limit, replicas: number): Limit {
    const known = this.#known.get(limit)
    if (known?.replicas === replicas) return known.share
    const share =
      limit.kind === 'bucket'
        ? bucketShare(limit, replicas)
        : { ...limit, amount: part(limit.amount, replicas) }
    this.#known.set(limit, { replicas, share })
    return share
  }
}

/**
 * A bucket refills so much slower by a longer window. A rounded amount would have no divisor in common with the window, and
 * its bucket would no longer fit into integers.
 */
function bucketShare(limit: BucketLimit, replicas: number): BucketLimit {
  const burst = part(limit.burst, replicas)
  const windowUs = limit.windowUs * replicas
  if (windowUs <= WINDOW_MAX_US) return { ...limit, windowUs, burst }
  const { unit, rate } = bucketScale(limit)
  if (unit * replicas <= WINDOW_MAX_US) return { ...limit, amount: rate, windowUs: unit * replicas, burst }
  // So long a unit leaves a burst of two at most: any amount fits.
  return { ...limit, amount: part(rate, replicas), windowUs: unit, burst }
}

function part(amount: number, replicas: number): number {
  return amount === 0 ? 0 : Math.max(1, Math.floor(amount / replicas))
}
