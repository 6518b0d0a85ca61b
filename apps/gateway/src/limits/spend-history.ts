/**
 * What tenants have spent in the day or month that runs: counters that were lost begin from it. It is the sum of what the database has,
 * and of the calls that it cannot have yet, on this replica and all others that live.
 */
import type { Clock } from '@atp/core/clock'
import { AtpError } from '@atp/core/errors'
import { systemTimers, within } from '@atp/core/timers'
import { epochMs } from '@atp/core/units'
import { Calendar, type Counter, type Limiter, levelName } from '@atp/domain/limit'
import type { Arm } from '@atp/domain/routing'
import {
  limitOf,
  ownerOf,
  type Subject,
  type Tenant,
  type TenantLimit,
  type TenantStore,
  type Usage,
} from '@atp/domain/tenant'
import type { CallBook, PledgedCall } from './call-book.ts'
import type { Peers } from './peers.ts'
import { unsummed } from './unsummed.ts'

export interface SpendHistoryOptions {
  readonly limiter: Pick<Limiter, 'discard' | 'invalidate' | 'rebuild'>
  readonly usage: Pick<TenantStore, 'usage'>['usage']
  readonly calls: Pick<CallBook, 'declare'>
  /** Null where limits are in this process alone. */
  readonly peers: Pick<Peers, 'callsOf'> | null
  /** The tenant as it is now. */
  readonly tenant: (id: Tenant['id']) => Tenant | undefined
  /** By id. */
  readonly arm: (id: string) => Pick<Arm, 'id' | 'model'> | undefined
  readonly clock: Clock
}

/** A request waits so long; what is summed up goes on for the next one. */
const PATIENCE_MS = 2_000
const DAY_MS = 86_400_000
/** A replica whose clock is ahead records what it spends now in the future. */
const SKEW_MS = 3_600_000

export class SpendHistory {
  readonly #options: SpendHistoryOptions
  readonly #calendar = new Calendar()
  readonly #underWay = new Map<string, Promise<void>>()

  constructor(options: SpendHistoryOptions) {
    this.#options = options
  }

  /** @throws {AtpError} `limits_unavailable` where the record is not complete, or cannot be read */
  async rebuild(tenant: Tenant): Promise<void> {
    const { id } = tenant
    let rebuilding = this.#underWay.get(id)
    if (rebuilding === undefined) {
      rebuilding = this.#rebuild(tenant).finally(() => this.#underWay.delete(id))
      // Who has given up waiting does not hear of it.
      rebuilding.catch(() => undefined)
      this.#underWay.set(id, rebuilding)
    }
    if (!(await within(systemTimers, PATIENCE_MS, rebuilding))) throw unsummed('it is being summed up')
  }

  async #rebuild(tenant: Tenant): Promise<void> {
    const { limiter, calls, peers } = this.#options
    try {
      await limiter.discard(tenant.id)
      const [own, others] = await Promise.all([calls.declare(tenant.id), peers?.callsOf(tenant.id)])
      const summed = this.#now(tenant)
      await limiter.rebuild(tenant.id, await this.#counters(summed, [...own, ...(others ?? [])]))
      if (this.#now(tenant) === summed) return
      // It was given other limits meanwhile.
      await limiter.invalidate(tenant.id)
      await this.#rebuild(tenant)
    } catch (cause) {
      if (cause instanceof AtpError && cause.code !== 'overloaded') throw cause
      throw unsummed('the database that has the record does not answer', cause)
    }
  }

  #now(tenant: Tenant): Tenant {
    return this.#options.tenant(tenant.id) ?? tenant
  }

  async #counters(tenant: Tenant, pledged: readonly PledgedCall[]): Promise<readonly Counter[]> {
    const now = this.#options.clock.now()
    const records = new Map<number, readonly Usage[]>()
    const counters: Counter[] = []
    for (const [index, definition] of tenant.limits.entries()) {
      const { per } = definition
      if (per !== 'day' && per !== 'month') continue
      const periods = this.#calendar.periodsOf({ period: per, timeZone: tenant.timeZone }, now * 1_000)
      const [since, ending] = [periods[1] / 1_000, Math.min(periods[2] / 1_000, now + SKEW_MS)]
      const rows = records.get(since) ?? (await this.#between(tenant, since, ending, pledged))
      records.set(since, rows)
      const sums = this.#sums(rows, definition)
      for (const call of pledged) {
        const whose = ownerOf(definition, this.#subject(call))
        if (whose === null) continue
        const beside = besideReserved(call, limitOf(definition, index, tenant, whose))
        sums.set(whose, (sums.get(whose) ?? 0) + beside)
      }
      for (const [whose, settled] of sums) {
        counters.push({ limit: limitOf(definition, index, tenant, whose), settled })
      }
    }
    return counters
  }

  /** A day at a time: a journal that is the database commits nothing while it sums. */
  async #between(
    tenant: Tenant,
    since: number,
    ending: number,
    pledged: readonly PledgedCall[],
  ): Promise<readonly Usage[]> {
    const rows: Usage[] = []
    const without = pledged.map(({ id }) => id)
    for (let from = since; from < ending; from += DAY_MS) {
      const until = epochMs(Math.min(from + DAY_MS, ending))
      rows.push(...(await this.#options.usage({ tenant: tenant.id, from: epochMs(from), until, without })))
    }
    return rows
  }

  /** By whose count it is. */
  #sums(rows: readonly Usage[], definition: Tenant['limits'][number]): Map<string, number> {
    const sums = new Map<string, number>()
    for (const row of rows) {
      const whose = ownerOf(definition, this.#subject(row))
      if (whose !== null) sums.set(whose, (sums.get(whose) ?? 0) + figureOf(row, definition.counts))
    }
    return sums
  }

  #subject({ key, arm }: Pick<Usage, 'key' | 'arm'>): Subject {
    return { key, arm: this.#options.arm(arm) ?? { id: arm as Arm['id'], model: arm } }
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

/**
 * Of a call that is left out of the record: that it is a call counts at once, its tokens and its money are reserved. In a quota that is newer
 * than the call nothing is: there it counts as it was estimated.
 */
function besideReserved({ estimate, levels }: PledgedCall, limit: TenantLimit): number {
  if (limit.kind === 'concurrent' || limit.counts === 'requests') return 1
  return levels.includes(levelName(limit)) ? 0 : estimate[limit.counts]
}
