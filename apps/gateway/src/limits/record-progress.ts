/** Whether the database has all that a tenant's calls of this replica came to: what is in the journal alone nobody else can sum up. */
import { setTimeout as delay } from 'node:timers/promises'
import type { Clock } from '@atp/core/clock'
import type { Database } from '@atp/infrastructure/database'
import { unsummed } from './unsummed.ts'

const PATIENCE_MS = 2_000
const LOOK_EVERY_MS = 10
/** Tenants of whom something may wait, before those of whom nothing does are forgotten. */
const LOOKED_THROUGH = 1_024

export class RecordProgress {
  readonly #database: Pick<Database, 'drainStatus'>
  readonly #clock: Clock
  /** The journal's sequence of the last call of each tenant, or a later one. */
  readonly #last = new Map<string, number>()
  /** What the process before left in the journal may be anybody's. */
  readonly #before: number

  constructor(database: Pick<Database, 'drainStatus'>, clock: Clock) {
    this.#database = database
    this.#clock = clock
    this.#before = database.drainStatus()?.last ?? 0
  }

  /** Something of this tenant's was committed to the journal. */
  committed(tenant: string): void {
    const status = this.#database.drainStatus()
    if (status === null) return
    // Taken out first, so that the order is that of the journal.
    this.#last.delete(tenant)
    this.#last.set(tenant, status.last)
    if (this.#last.size > LOOKED_THROUGH) this.#forgetUpTo(status.drained)
  }

  /** Waits until the database has all that was committed. @throws {AtpError} `limits_unavailable` where that takes too long */
  async complete(tenant: string): Promise<void> {
    const last = Math.max(this.#before, this.#last.get(tenant) ?? 0)
    const deadline = this.#clock.monotonic() + PATIENCE_MS
    for (;;) {
      const status = this.#database.drainStatus()
      if (status === null || status.drained >= last) return
      if (this.#clock.monotonic() > deadline) throw unsummed(`${status.lag} records wait for the database`)
      await delay(LOOK_EVERY_MS)
    }
  }

  /** Where none goes, as while the database is away, it grows by a number a tenant. */
  #forgetUpTo(drained: number): void {
    for (const [tenant, last] of this.#last) {
      if (last > drained) return
      this.#last.delete(tenant)
    }
  }
}
