/** What a limiter needs of an admission, checked once and remembered with the object that says it. */
import { AtpError } from '@atp/core/errors'
import { levelName } from './level-name.ts'
import {
  AMOUNT_MAX,
  type BucketScale,
  bucketScale,
  checkLimit,
  isGuarded,
  LEVELS_MAX,
  type Limit,
} from './limit.ts'
import type { Admission, Spend } from './limiter.ts'

export interface PreparedLimit {
  readonly limit: Limit
  readonly name: string
  readonly scale: BucketScale | null
  /** Something of it is settled later. */
  readonly leased: boolean
  readonly guarded: boolean
}

const LEASE_MAX_MS = 2 ** 40

export class LimitPreparer {
  readonly #known = new WeakMap<Limit, PreparedLimit>()
  readonly #knownTogether = new WeakMap<readonly Limit[], readonly PreparedLimit[]>()

  /** @throws {AtpError} `invalid_argument` */
  of(limit: Limit): PreparedLimit {
    const known = this.#known.get(limit)
    if (known !== undefined) return known
    checkLimit(limit)
    const prepared = {
      limit,
      name: levelName(limit),
      scale: limit.kind === 'bucket' ? bucketScale(limit) : null,
      leased: limit.kind === 'concurrent' || limit.counts !== 'requests',
      guarded: isGuarded(limit),
    }
    this.#known.set(limit, prepared)
    return prepared
  }

  /** Without a lease: what is recounted is settled already. @throws {AtpError} `invalid_argument` */
  recounted(admission: Admission): readonly PreparedLimit[] {
    return this.#levels(admission, 0)
  }

  /** @throws {AtpError} `invalid_argument` */
  admission(admission: Admission): readonly PreparedLimit[] {
    return this.#levels(admission, 1)
  }

  #levels(
    { tenant, limits, requests, estimate, leaseMs }: Admission,
    leastLeaseMs: number,
  ): readonly PreparedLimit[] {
    checkTenant(tenant)
    checkInteger('requests', requests, 0, AMOUNT_MAX)
    checkSpend(estimate)
    checkInteger('leaseMs', leaseMs, leastLeaseMs, LEASE_MAX_MS)
    const known = this.#knownTogether.get(limits)
    if (known !== undefined) return known
    const prepared = this.#together(limits)
    this.#knownTogether.set(limits, prepared)
    return prepared
  }

  #together(limits: readonly Limit[]): readonly PreparedLimit[] {
    checkInteger('limits.length', limits.length, 0, LEVELS_MAX)
    const prepared = limits.map(limit => this.of(limit))
    for (let k = 1; k < prepared.length; k += 1) {
      const name = (prepared[k] as PreparedLimit).name
      for (let j = 0; j < k; j += 1) {
        if ((prepared[j] as PreparedLimit).name === name) throw illegal('limits', name, 'each limit once')
      }
    }
    return prepared
  }
}

/** What an admission asks of a limit. */
export function wanted(
  { requests, estimate }: Pick<Admission, 'requests' | 'estimate'>,
  limit: Limit,
): number {
  if (limit.kind === 'concurrent') return 1
  switch (limit.counts) {
    case 'requests':
      return requests
    case 'tokens':
      return estimate.tokens
    case 'cost':
      return estimate.cost
  }
}

export function checkSpend({ tokens, cost }: Spend): void {
  checkInteger('tokens', tokens, 0, AMOUNT_MAX)
  checkInteger('cost', cost, 0, AMOUNT_MAX)
}

export function checkLease(leaseMs: number): void {
  checkInteger('leaseMs', leaseMs, 1, LEASE_MAX_MS)
}

/** A tenant is a hash tag of Redis Cluster: braces would end it early. */
export function checkTenant(tenant: string): void {
  if (!/^[^{}]{1,256}$/.test(tenant)) throw illegal('tenant', tenant, '1 to 256 characters without { and }')
}

function checkInteger(field: string, value: number, low: number, high: number): void {
  if (Number.isInteger(value) && value >= low && value <= high) return
  throw illegal(field, String(value), `an integer from ${low} to ${high}`)
}

function illegal(field: string, found: string, allowed: string): AtpError {
  const problems = [{ field, found, allowed }]
  return new AtpError('invalid_argument', { detail: 'a limiter was asked for what it cannot do', problems })
}
