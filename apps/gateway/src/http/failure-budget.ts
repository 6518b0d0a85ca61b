/**
 * How often one address may come without a valid key: a token bucket each. Memory is bounded by two generations: when the younger
 * is full, the older is forgotten whole, and who was in it starts anew.
 */
import { isIPv6 } from 'node:net'
import type { Clock } from '@atp/core/clock'

/** At once, and then one in this time. */
export const FAILURES_AT_ONCE = 30
const REFILL_MS = 2_000
const ADDRESSES = 10_000

interface Bucket {
  failures: number
  at: number
}

export class FailureBudget {
  readonly #clock: Clock
  readonly #generation: number
  #young = new Map<string, Bucket>()
  #old = new Map<string, Bucket>()

  /** @param addresses at most so many are remembered, and at least the later half of so many */
  constructor(clock: Clock, addresses = ADDRESSES) {
    this.#clock = clock
    this.#generation = Math.max(1, Math.floor(addresses / 2))
  }

  /** Addresses in memory. */
  get size(): number {
    return this.#young.size + this.#old.size
  }

  /** @returns 0 where this failure is one of those that are borne; otherwise milliseconds until the next one is */
  fail(address: string): number {
    const bucket = this.#bucket(networkOf(address))
    const now = this.#clock.monotonic()
    bucket.failures = Math.max(0, bucket.failures - (now - bucket.at) / REFILL_MS)
    bucket.at = now
    if (bucket.failures + 1 > FAILURES_AT_ONCE) return (bucket.failures + 1 - FAILURES_AT_ONCE) * REFILL_MS
    bucket.failures += 1
    return 0
  }

  #bucket(network: string): Bucket {
    const young = this.#young.get(network)
    if (young !== undefined) return young
    if (this.#young.size >= this.#generation) {
      this.#old = this.#young
      this.#young = new Map()
    }
    const bucket = this.#old.get(network) ?? { failures: 0, at: this.#clock.monotonic() }
    this.#old.delete(network)
    this.#young.set(network, bucket)
    return bucket
  }
}

/** Who has one IPv6 address has 2^64 of them. */
function networkOf(address: string): string {
  if (!isIPv6(address) || address.startsWith('::ffff:')) return address
  const [head = '', tail] = address.split('::')
  const groups = head === '' ? [] : head.split(':')
  const rest = tail === undefined || tail === '' ? [] : tail.split(':')
  const zeros = tail === undefined ? 0 : 8 - groups.length - rest.length
  const all = [...groups, ...Array<string>(Math.max(0, zeros)).fill('0'), ...rest]
  return all.slice(0, 4).join(':')
}
