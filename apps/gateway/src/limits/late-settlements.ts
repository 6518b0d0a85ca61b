/**
 * A process that died after it had committed what a call came to, and before the shared limits knew it, left a reservation that would
 * count as it was estimated. The next start settles the last calls in the journal again, by their reservations' ids: those that are
 * settled are unknown by then, and nothing is changed by asking.
 */
import type { Limiter } from '@atp/domain/limit'
import type { Observation, ObservationRepository } from '@atp/domain/observation'
import { reservationId } from '../corridor/reservation.ts'

export interface LateSettlementsOptions {
  readonly limiter: Pick<Limiter, 'settle'>
  readonly observations: Pick<ObservationRepository, 'after'>
  /** Milliseconds. Calls of more than two of them before the last one were settled, or have expired while their process lived. */
  readonly leaseMs: number
}

const MOST_ROWS = 1_000

export class LateSettlements {
  readonly #options: LateSettlementsOptions
  #stopped = false

  constructor(options: LateSettlementsOptions) {
    this.#options = options
  }

  /**
   * @param last the journal's sequence of the last observation of the process before
   * @returns how many were not settled yet
   */
  async settle(last: number): Promise<number> {
    const { limiter, observations, leaseMs } = this.#options
    const first = Math.max(0, last - MOST_ROWS)
    const rows = await observations.after(first, MOST_ROWS)
    const calls = rows
      .filter(({ sequence, observation }) => sequence <= last && observation.kind === 'attempt')
      .map(({ observation }) => observation)
    const since = (calls.at(-1)?.at ?? 0) - 2 * leaseMs
    let settled = 0
    for (const [index, [decision, attempts]] of byDecision(calls).entries()) {
      // The first one may have begun before the rows that were read: which of its calls these are is not known then.
      if ((index === 0 && first > 0) || (attempts.at(-1) as Observation).at < since) continue
      for (const [admission, { tenant, usage, cost }] of attempts.entries()) {
        if (this.#stopped) return settled
        const tokens = usage === null ? 0 : usage.inputTokens + usage.outputTokens
        const spent = { tokens, cost: cost ?? 0 }
        const settlement = await limiter.settle(tenant, reservationId(decision, admission), spent)
        if (settlement !== 'unknown') settled += 1
      }
    }
    return settled
  }

  stop(): void {
    this.#stopped = true
  }
}

/** A decision's calls are committed together, in the order in which they were admitted. */
function byDecision(calls: readonly Observation[]): (readonly [decision: string, attempts: Observation[]])[] {
  const decisions = new Map<string, Observation[]>()
  for (const call of calls) {
    if (call.decisionId === null) continue
    const attempts = decisions.get(call.decisionId)
    if (attempts === undefined) decisions.set(call.decisionId, [call])
    else attempts.push(call)
  }
  return [...decisions]
}
