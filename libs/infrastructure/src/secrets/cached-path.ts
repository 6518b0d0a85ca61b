/**
 * What was read at one path, and how far it is to be believed. Fresh: served. Older than its ttl: served while it is read again. Not readable any
 * more: served on for as long as is allowed. Never read: the failure itself is remembered, so that who asks again at once asks nobody.
 */
import type { Clock } from '@atp/core/clock'
import type { Random } from '@atp/core/random'
import { type ReadOptions, type SecretReading, SecretUnreadable } from '@atp/core/secret-source'

export interface CachePolicy {
  /** Milliseconds for which a reading is believed whose place does not say. */
  readonly ttlMs: number
  /** Milliseconds after that for which it is used where it cannot be read again. */
  readonly staleIfErrorMs: number
}

export interface CachedPathOptions {
  readonly read: (options: ReadOptions) => Promise<SecretReading>
  readonly policy: CachePolicy
  readonly clock: Clock
  readonly random: Random
  /** After each reading, and each failure. */
  readonly settled: () => void
}

/** Milliseconds until the next try after a failure: the first, and the longest. */
const RETRY_FIRST_MS = 1_000
const RETRY_LAST_MS = 30_000
/** Milliseconds between two readings that were asked for because a value was refused: a key that is simply wrong is no reason for more. */
const ANEW_PAUSE_MS = 1_000
/** Of replicas that started together not all ask at once: the part of its time by which each is early. */
const JITTER = 0.2

export class CachedPath {
  readonly #options: CachedPathOptions
  #reading: SecretReading | null = null
  #readAt = 0
  #failure: SecretUnreadable | null = null
  #failures = 0
  #dueAt = Number.NEGATIVE_INFINITY
  #anewNotBefore = Number.NEGATIVE_INFINITY
  #flight: Promise<void> | null = null
  #anewFlight: Promise<void> | null = null

  constructor(options: CachedPathOptions) {
    this.#options = options
  }

  /** The last reading; null before the first. */
  get reading(): SecretReading | null {
    return this.#reading
  }

  /** Why the last try failed; null where it did not. */
  get failure(): SecretUnreadable | null {
    return this.#failure
  }

  /** Milliseconds since it was read; null where it never was. */
  get ageMs(): number | null {
    return this.#reading === null ? null : this.#now() - this.#readAt
  }

  /** Milliseconds until it should be read again; at most 0 where that is now. */
  get dueInMs(): number {
    return this.#dueAt - this.#now()
  }

  /** Whether the last reading may still be used. */
  get isUsable(): boolean {
    if (this.#reading === null) return false
    const { staleIfErrorMs } = this.#options.policy
    return this.#failure === null || this.#now() <= this.#readAt + this.#goodForMs() + staleIfErrorMs
  }

  /** Waits for a first reading, where there is none. @throws {SecretUnreadable} */
  async load(): Promise<SecretReading> {
    if (this.#reading === null && (this.#failure === null || this.dueInMs <= 0)) await this.refresh()
    if (this.#reading === null) throw this.#failure ?? new SecretUnreadable('failed', 'which was not read')
    return this.#reading
  }

  /** Has it read before its time. */
  invalidate(): void {
    this.#dueAt = Number.NEGATIVE_INFINITY
  }

  /** Reads it again, once for all who ask meanwhile. Never rejects. */
  refresh(): Promise<void> {
    this.#flight ??= this.#read(false).finally(() => {
      this.#flight = null
    })
    return this.#flight
  }

  /** Reads it again because its value was refused: what a reading under way brings may be older than that. Never rejects. */
  refreshAnew(): Promise<void> {
    if (this.#anewFlight === null && this.#now() < this.#anewNotBefore) return Promise.resolve()
    this.#anewFlight ??= this.#anew().finally(() => {
      this.#anewFlight = null
    })
    return this.#anewFlight
  }

  async #anew(): Promise<void> {
    await this.#flight
    this.#flight = this.#read(true).finally(() => {
      this.#flight = null
    })
    await this.#flight
    this.#anewNotBefore = this.#now() + ANEW_PAUSE_MS
  }

  async #read(anew: boolean): Promise<void> {
    try {
      this.#reading = await this.#options.read({ previous: this.#reading, anew })
      this.#readAt = this.#now()
      this.#failure = null
      this.#failures = 0
      this.#dueAt = this.#readAt + this.#early(this.#goodForMs())
    } catch (error) {
      this.#failure = asUnreadable(error)
      const wait = Math.min(RETRY_FIRST_MS * 2 ** this.#failures, RETRY_LAST_MS)
      this.#failures += 1
      this.#dueAt = this.#now() + this.#early(wait)
    }
    this.#options.settled()
  }

  #goodForMs(): number {
    return this.#reading?.goodForMs ?? this.#options.policy.ttlMs
  }

  #early(ms: number): number {
    return ms * (1 - (JITTER * this.#options.random.uint32()) / 2 ** 32)
  }

  #now(): number {
    return this.#options.clock.monotonic()
  }
}

/** Whatever else a client throws may hold what it sent: no word of it goes further than its name. */
function asUnreadable(error: unknown): SecretUnreadable {
  if (error instanceof SecretUnreadable) return error
  return new SecretUnreadable(
    'failed',
    `which could not be read (${error instanceof Error ? error.name : 'unknown'})`,
  )
}
