/**
 * A process that died after it had committed what a call came to, and before the shared limits knew it, left a reservation that would
 * count as it was estimated. The next start settles the last calls in the journal again, by their ids, which are their reservations' too: those that are
 * settled are unknown by then, and nothing is changed by asking.
 * What is in the database and in a snapshot has left the journal: of that, a settlement that waited for Redis until its process died stays
 * as it was estimated.
 */
import type { Limiter } from '@atp/domain/limit'
import type { ObservationRepository } from '@atp/domain/observation'
import { billOf } from '../corridor/reservation.ts'

export interface LateSettlementsOptions {
  readonly limiter: Pick<Limiter, 'settle'>
  readonly observations: Pick<ObservationRepository, 'after'>
  /** Milliseconds. Calls of more than two of them before the last one were settled, or have expired while their process lived. */
  readonly leaseMs: number
}

const MOST_ROWS = 1_000

export class LateSettlements {
  readonly #options: LateSettlementsOptions

  constructor(options: LateSettlementsOptions) {
    this.#options = options
  }

  /**
   * @param last the journal's sequence of the last observation of the process before
   * @param signal gives it up, between two of them
   * @returns how many were not settled yet
   */
  async settle(last: number, signal: AbortSignal): Promise<number> {
    const { limiter, observations, leaseMs } = this.#options
    const first = Math.max(0, last - MOST_ROWS)
    const rows = await observations.after(first, MOST_ROWS)
    const calls = rows
      .filter(({ sequence, observation }) => sequence <= last && observation.kind === 'attempt')
      .map(({ observation }) => observation)
    const since = (calls.at(-1)?.at ?? 0) - 2 * leaseMs
    let settled = 0
    for (const { id, tenant, at, outcome, usage, cost } of calls) {
      if (signal.aborted) return settled
      // What nobody knows the bill of counts as it was estimated.
      if (at < since || (usage === null && billOf(outcome) === 'unknown')) continue
      const tokens = usage === null ? 0 : usage.inputTokens + usage.outputTokens
      const spent = { tokens, cost: cost ?? 0 }
      if ((await limiter.settle(tenant, id, spent)) !== 'unknown') settled += 1
    }
    return settled
  }
}
