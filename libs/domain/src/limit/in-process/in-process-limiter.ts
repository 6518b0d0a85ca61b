/** Limits of this process alone: exact for one replica, and what a replica falls back to while the shared limiter is away. */
import type { NativeModule } from '@atp/native'
import { Calendar } from '../calendar.ts'
import {
  type Admission,
  type Counter,
  type Epoch,
  LEASE_DEFAULTS,
  type LeaseOptions,
  type Limiter,
  type Settlement,
  type Spend,
  SWEPT_AT_ONCE,
  type Sweep,
  type Verdict,
} from '../limiter.ts'
import { checkLease, checkSpend, checkTenant, LimitPreparer } from '../prepared.ts'
import { checkCounters } from '../rebuilding.ts'
import { TenantLedger } from './tenant-ledger.ts'

export interface InProcessOptions extends Partial<LeaseOptions> {
  /** Microseconds since 1970, integers; may jump. */
  readonly nowUs: () => number
  /** Makes the sliding windows. */
  readonly native: Pick<NativeModule, 'createSlidingWindow'>
  /** False where money may be counted from nothing: behind a limiter that says what was spent. */
  readonly guarded?: boolean
}

export class InProcessLimiter implements Limiter {
  readonly #nowUs: () => number
  readonly #options
  readonly #limits = new LimitPreparer()
  readonly #tenants = new Map<string, TenantLedger>()
  #lives = 0
  /** Goes round among the tenants, and drops the idle ones. */
  #round: IterableIterator<[string, TenantLedger]> | null = null

  constructor({ nowUs, native, guarded = true, ...leases }: InProcessOptions) {
    this.#nowUs = nowUs
    this.#options = { ...LEASE_DEFAULTS, ...leases, native, guarded, calendar: new Calendar() }
  }

  /** Tenants of whom something is kept. */
  get tenants(): number {
    return this.#tenants.size
  }

  async admit(admission: Admission): Promise<Verdict> {
    return this.decide(admission)
  }

  /** `admit` at once. */
  decide(admission: Admission): Verdict {
    const levels = this.#limits.admission(admission)
    const nowUs = this.#nowUs()
    this.#dropIdle(nowUs)
    return this.#ledger(admission.tenant).decide(admission, levels, nowUs)
  }

  async recount(admission: Admission): Promise<void> {
    const levels = this.#limits.recounted(admission)
    this.#ledger(admission.tenant).recount(admission, levels, this.#nowUs())
  }

  async settle(tenant: string, reservation: string, spent: Spend): Promise<Settlement> {
    checkSpend(spent)
    return this.#tenants.get(tenant)?.settle(reservation, spent, this.#nowUs()) ?? 'unknown'
  }

  release(tenant: string, reservation: string): Promise<Settlement> {
    return this.settle(tenant, reservation, { tokens: 0, cost: 0 })
  }

  async renew(tenant: string, reservation: string, leaseMs: number): Promise<boolean> {
    checkLease(leaseMs)
    return this.#tenants.get(tenant)?.renew(reservation, 1_000 * leaseMs, this.#nowUs()) ?? false
  }

  async sweep(tenant: string): Promise<Sweep> {
    const provisional = this.#tenants.get(tenant)?.sweep(this.#nowUs()) ?? []
    return { provisional, more: provisional.length === SWEPT_AT_ONCE }
  }

  async forget(tenant: string): Promise<number> {
    return this.#tenants.get(tenant)?.forget(this.#nowUs()) ?? 0
  }

  async epoch(tenant: string): Promise<Epoch | null> {
    return this.#tenants.get(tenant)?.epoch() ?? null
  }

  /** Nothing is rolled back in a process. */
  async discard(tenant: string): Promise<void> {
    checkTenant(tenant)
  }

  async invalidate(tenant: string): Promise<void> {
    checkTenant(tenant)
    this.#tenants.get(tenant)?.invalidate()
  }

  async rebuild(tenant: string, counters: readonly Counter[]): Promise<boolean> {
    checkTenant(tenant)
    const prepared = checkCounters(counters, this.#limits)
    this.#lives += 1
    return this.#ledger(tenant).rebuild(counters, prepared, this.#lives, this.#nowUs())
  }

  #ledger(tenant: string): TenantLedger {
    let ledger = this.#tenants.get(tenant)
    if (ledger === undefined) {
      ledger = new TenantLedger(this.#options)
      this.#tenants.set(tenant, ledger)
    }
    return ledger
  }

  /** Looks at one tenant a call, so that none costs more than another. */
  #dropIdle(nowUs: number): void {
    this.#round ??= this.#tenants.entries()
    const next = this.#round.next()
    if (next.done) {
      this.#round = null
      return
    }
    const [tenant, ledger] = next.value
    ledger.sweep(nowUs)
    if (ledger.idleUs() <= nowUs) this.#tenants.delete(tenant)
  }
}
