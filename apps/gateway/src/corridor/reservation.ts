/** What one call of a model holds of its tenant's limits, from its admission until it is known what it came to. */

import type { ObservationId } from '@atp/core/ids'
import type { Limit, Limiter, Spend } from '@atp/domain/limit'
import type { Outcome, Usage } from '@atp/domain/observation'
import { costOf, type Price } from '@atp/domain/routing'
import type { Estimate } from './estimate.ts'

export interface Reservation {
  /** The observation of the call has the same id; null where nothing is held. */
  readonly id: ObservationId | null
  /** The most tokens that each choice may get, where the reservation covers no more; null: it doesn't say. */
  readonly outputLimit: number | null
  /**
   * What was spent takes the place of what was reserved. Never rejects.
   * @param usage null: nothing; `unknown`: it may have been billed, and nobody says how much: what was reserved is taken for it
   * @returns null where there is nothing to wait for
   */
  settle(usage: Usage | null | 'unknown'): Promise<void> | null
}

/** What a call that told no usage came to: what the provider may have written, and bills, a client must not have for nothing. */
export function billOf(outcome: Outcome): 'unknown' | null {
  return outcome === 'timeout' || outcome === 'cut' || outcome === 'cancelled' ? 'unknown' : null
}

/** Of a tenant without limits. */
export const UNLIMITED: Reservation = {
  id: null,
  outputLimit: null,
  settle: () => null,
}

export interface HeldReservation {
  readonly limiter: Pick<Limiter, 'settle' | 'recount'>
  readonly limits: readonly Limit[]
  readonly tenant: string
  readonly id: ObservationId
  /** That what is told of it is billed at. */
  readonly price: Price
  readonly estimate: Estimate
  /** Called once, when it is settled. */
  readonly ended: () => void
  readonly warn: (error: unknown) => void
}

/** Settles once, whatever comes. */
export function holding(held: HeldReservation): Reservation {
  const { limiter, limits, tenant, id, price, estimate, ended, warn } = held
  let open = true
  return {
    id,
    outputLimit: estimate.outputLimit,
    async settle(usage) {
      if (!open) return
      open = false
      try {
        const { tokens, cost } = usage === 'unknown' ? estimate : spendOf(price, usage)
        const spent = { tokens, cost }
        if ((await limiter.settle(tenant, id, spent)) !== 'unknown') return
        // The counters were lost while it was under way: they were begun again without it.
        await limiter.recount({ tenant, reservation: id, limits, estimate: spent, requests: 0, leaseMs: 0 })
      } catch (error) {
        // Its lease expires then, and counts as it was estimated.
        warn(error)
      } finally {
        ended()
      }
    },
  }
}

function spendOf(price: Price, usage: Usage | null): Spend {
  if (usage === null) return { tokens: 0, cost: 0 }
  return { tokens: usage.inputTokens + usage.outputTokens, cost: costOf(price, usage) }
}
