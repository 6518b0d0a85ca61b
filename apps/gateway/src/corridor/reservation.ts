/** What one call of a model holds of its tenant's limits, from its admission until it is known what it came to. */

import type { LevelReport, Limiter, Spend } from '@atp/domain/limit'
import type { Usage } from '@atp/domain/observation'
import { type Arm, costOf } from '@atp/domain/routing'

export interface Reservation {
  readonly levels: readonly LevelReport[]
  /** The most tokens that each choice may get, where the reservation covers no more; null: it doesn't say. */
  readonly outputLimit: number | null
  /** What was spent takes the place of what was reserved; nothing where the call was not answered. Never rejects. */
  settle(usage: Usage | null): Promise<void>
}

/** Of a tenant without limits. */
export const UNLIMITED: Reservation = {
  levels: [],
  outputLimit: null,
  settle: () => Promise.resolve(),
}

export interface HeldReservation {
  readonly limiter: Pick<Limiter, 'settle'>
  readonly tenant: string
  readonly id: string
  readonly arm: Arm
  readonly levels: readonly LevelReport[]
  readonly outputLimit: number | null
  /** Called once, when it is settled. */
  readonly ended: () => void
  readonly warn: (error: unknown) => void
}

/** Settles once, whatever comes. */
export function holding(held: HeldReservation): Reservation {
  const { limiter, tenant, id, arm, levels, outputLimit, ended, warn } = held
  let open = true
  return {
    levels,
    outputLimit,
    async settle(usage) {
      if (!open) return
      open = false
      try {
        await limiter.settle(tenant, id, spendOf(arm, usage))
      } catch (error) {
        // Its lease expires then, and counts as it was estimated.
        warn(error)
      } finally {
        ended()
      }
    },
  }
}

function spendOf(arm: Arm, usage: Usage | null): Spend {
  if (usage === null) return { tokens: 0, cost: 0 }
  return { tokens: usage.inputTokens + usage.outputTokens, cost: costOf(arm, usage) }
}
