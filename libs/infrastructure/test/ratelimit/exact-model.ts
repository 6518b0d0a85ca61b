/**
 * What limits mean, as plainly as can be: every event is kept, and counted again at each question. A sliding limit is told by two
 * windows, W and W(1 + 1/64): where the narrow one is full it must refuse, where the wide one has room it must admit.
 */
import { type Admission, LEASE_DEFAULTS, type Limit, type Spend, wanted } from '@atp/domain/limit'

interface Event {
  readonly at: number
  amount: number
}

interface Reservation {
  readonly id: string
  readonly at: number
  readonly estimate: Spend
  readonly limits: readonly Limit[]
  readonly events: ReadonlyMap<string, Event>
  expires: number
}

/** `may`: within the stated error, either is right. */
export type Expected = 'must' | 'may' | 'must not'

export class ExactModel {
  readonly #events = new Map<string, Event[]>()
  readonly #live = new Map<string, Reservation>()
  #latest = 0

  now(clock: number): number {
    return Math.max(clock, this.#latest)
  }

  /** Something else was written then. */
  saw(clock: number): void {
    this.#latest = this.now(clock)
  }

  /** Whether a limit of an admission admits it. */
  expected(admission: Admission, limit: Limit, clock: number): Expected {
    const now = this.now(clock)
    const want = wanted(admission, limit)
    if (limit.kind === 'concurrent')
      return this.#leases(limit, now) + want <= limit.amount ? 'must' : 'must not'
    if (want === 0) return 'must'
    if (limit.kind === 'calendar') return this.#ofDay(limit, now) + want <= limit.amount ? 'must' : 'must not'
    if (limit.kind === 'bucket') {
      const room = BigInt(limit.burst - want) * BigInt(limit.windowUs)
      return this.#height(limit, now) <= room ? 'must' : 'must not'
    }
    const { windowUs, amount } = limit
    if (this.#since(limit, now - windowUs) + want > amount) return 'must not'
    return this.#since(limit, now - windowUs - windowUs / 64) + want <= amount ? 'must' : 'may'
  }

  count(admission: Admission, clock: number): void {
    this.saw(clock)
    const now = this.#latest
    const events = new Map<string, Event>()
    for (const limit of admission.limits) {
      if (limit.kind === 'concurrent') continue
      const event = { at: now, amount: wanted(admission, limit) }
      this.#of(limit).push(event)
      events.set(limit.id, event)
    }
    const { reservation: id, limits, estimate } = admission
    if (!limits.some(limit => limit.kind === 'concurrent' || limit.counts !== 'requests')) return
    const expires = now + 1_000 * admission.leaseMs
    this.#live.set(id, { id, at: now, estimate, limits, events, expires })
  }

  /** @returns whether there was one */
  settle(id: string, spent: Spend, clock: number): boolean {
    const reservation = this.#live.get(id)
    if (reservation === undefined) return false
    this.saw(clock)
    const now = this.#latest
    for (const limit of reservation.limits) {
      if (limit.kind === 'concurrent' || limit.counts === 'requests') continue
      const more = spent[limit.counts] - reservation.estimate[limit.counts]
      const event = reservation.events.get(limit.id) as Event
      if (limit.kind === 'calendar' || (limit.kind === 'sliding' && more < 0)) event.amount += more
      else if (more > 0) this.#of(limit).push({ at: now, amount: more })
    }
    this.#live.delete(id)
    return true
  }

  /** It was not found. @returns whether that is right: settled, never reserved, or too late for it at the latest time that was seen */
  lost(id: string, latest: number): boolean {
    const reservation = this.#live.get(id)
    this.#live.delete(id)
    return reservation === undefined || reservation.expires + 1_000 * LEASE_DEFAULTS.lateMs <= latest
  }

  /** @returns whether it lived */
  renew(id: string, leaseMs: number, clock: number): boolean {
    const reservation = this.#live.get(id)
    const now = this.now(clock)
    if (reservation === undefined || reservation.expires <= now) return false
    reservation.expires = now + 1_000 * leaseMs
    return true
  }

  #of(limit: Limit): Event[] {
    const events = this.#events.get(limit.id) ?? []
    this.#events.set(limit.id, events)
    return events
  }

  #since(limit: Limit, start: number): number {
    return sum(this.#of(limit).filter(({ at }) => at > start))
  }

  #ofDay(limit: Limit & { readonly kind: 'calendar' }, now: number): number {
    const zone = new Intl.DateTimeFormat('sv-SE', { timeZone: limit.timeZone })
    const day = (us: number) => zone.format(us / 1_000).slice(0, limit.period === 'day' ? 10 : 7)
    return sum(this.#of(limit).filter(({ at }) => day(at) === day(now)))
  }

  /** In 1 / window of what is counted; big integers round nothing. */
  #height(limit: Limit & { readonly kind: 'bucket' }, now: number): bigint {
    let [height, last] = [0n, 0]
    const run = (to: number) => {
      const left = height - BigInt(to - last) * BigInt(limit.amount)
      height = left > 0n ? left : 0n
      last = to
    }
    for (const { at, amount } of this.#of(limit)) {
      run(at)
      height += BigInt(amount) * BigInt(limit.windowUs)
    }
    run(now)
    return height
  }

  #leases(limit: Limit, now: number): number {
    const holds = ({ expires, limits }: Reservation) =>
      expires > now && limits.some(({ id }) => id === limit.id)
    return [...this.#live.values()].filter(holds).length
  }
}

function sum(events: readonly Event[]): number {
  return events.reduce((total, { amount }) => total + amount, 0)
}
