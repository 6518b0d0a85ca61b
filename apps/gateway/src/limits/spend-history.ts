/** What tenants have spent in the day or month that runs, from the record: counters that were lost begin from it. */
import { setTimeout as delay } from 'node:timers/promises'
import type { Clock } from '@atp/core/clock'
import { AtpError } from '@atp/core/errors'
import { epochMs } from '@atp/core/units'
import { Calendar, type Counter, type Limiter } from '@atp/domain/limit'
import type { Arm } from '@atp/domain/routing'
import { limitOf, ownerOf, type Tenant, type TenantStore, type Usage } from '@atp/domain/tenant'
import type { Database } from '@atp/infrastructure/database'

export interface SpendHistoryOptions {
  readonly limiter: Pick<Limiter, 'rebuild'>
  readonly usage: Pick<TenantStore, 'usage'>['usage']
  readonly database: Pick<Database, 'drainStatus'>
  /** By id. */
  readonly arm: (id: string) => Pick<Arm, 'id' | 'model'> | undefined
  readonly clock: Clock
}

/** A request waits so long for the record to be complete. */
const PATIENCE_MS = 2_000
const LOOK_EVERY_MS = 10
const DAY_MS = 86_400_000

export class SpendHistory {
  readonly #options: SpendHistoryOptions
  readonly #calendar = new Calendar()
  readonly #underWay = new Map<string, Promise<void>>()

  constructor(options: SpendHistoryOptions) {
    this.#options = options
  }

  /** @throws {AtpError} `limits_unavailable` where the record is not complete, or cannot be read */
  rebuild(tenant: Tenant): Promise<void> {
    const { id } = tenant
    let rebuilding = this.#underWay.get(id)
    if (rebuilding === undefined) {
      rebuilding = this.#rebuild(tenant).finally(() => this.#underWay.delete(id))
      this.#underWay.set(id, rebuilding)
    }
    return rebuilding
  }

  async #rebuild(tenant: Tenant): Promise<void> {
    const { limiter } = this.#options
    await this.#recorded()
    try {
      await limiter.rebuild(tenant.id, await this.#counters(tenant))
    } catch (cause) {
      if (cause instanceof AtpError) throw cause
      throw unknown('the database that has the record does not answer', cause)
    }
  }

  /** Waits until the database has what is in the journal now. */
  async #recorded(): Promise<void> {
    const { database, clock } = this.#options
    const last = database.drainStatus()?.last ?? 0
    const deadline = clock.monotonic() + PATIENCE_MS
    for (;;) {
      const status = database.drainStatus()
      if (status === null || status.drained >= last) return
      if (clock.monotonic() > deadline) throw unknown(`${status.lag} records wait for the database`)
      await delay(LOOK_EVERY_MS)
    }
  }

  async #counters(tenant: Tenant): Promise<readonly Counter[]> {
    const now = this.#options.clock.now()
    const records = new Map<number, readonly Usage[]>()
    const counters: Counter[] = []
    for (const [index, definition] of tenant.limits.entries()) {
      const { per } = definition
      if (per !== 'day' && per !== 'month') continue
      const [, from] = this.#calendar.periodsOf({ period: per, timeZone: tenant.timeZone }, now * 1_000)
      const since = from / 1_000
      const rows = records.get(since) ?? (await this.#since(tenant, since, now))
      records.set(since, rows)
      for (const [whose, settled] of this.#sums(rows, definition)) {
        counters.push({ limit: limitOf(definition, index, tenant, whose), settled })
      }
    }
    return counters
  }

  /** A day at a time: a journal that is the database commits nothing while it sums. */
  async #since(tenant: Tenant, since: number, now: number): Promise<readonly Usage[]> {
    const rows: Usage[] = []
    for (let from = since; from <= now; from += DAY_MS) {
      const until = epochMs(Math.min(from + DAY_MS, now + 1))
      rows.push(...(await this.#options.usage({ tenant: tenant.id, from: epochMs(from), until })))
    }
    return rows
  }

  /** By whose count it is. */
  #sums(rows: readonly Usage[], definition: Tenant['limits'][number]): ReadonlyMap<string, number> {
    const sums = new Map<string, number>()
    for (const row of rows) {
      const arm = this.#options.arm(row.arm) ?? { id: row.arm as Arm['id'], model: row.arm }
      const whose = ownerOf(definition, { key: row.key, arm })
      if (whose !== null) sums.set(whose, (sums.get(whose) ?? 0) + figureOf(row, definition.counts))
    }
    return sums
  }
}

/** Of requests each call counts, those of fallbacks too: rather too many than too few. */
function figureOf(
  { calls, inputTokens, outputTokens, costMicroUsd }: Usage,
  counts: Tenant['limits'][number]['counts'],
): number {
  if (counts === 'tokens') return inputTokens + outputTokens
  return counts === 'cost_usd' ? costMicroUsd : calls
}

function unknown(why: string, cause?: unknown): AtpError {
  const detail = `what was spent so far cannot be told: ${why}`
  return new AtpError('limits_unavailable', {
    detail,
    retryAfterMs: 1_000,
    ...(cause === undefined ? {} : { cause }),
  })
}
