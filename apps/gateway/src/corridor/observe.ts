/** Step 6: the decision and what came of it are committed to the journal, then learned from. The caller's answer ends only then. */

import type { ObservationService } from '@atp/domain/observation'
import type { Decision } from '@atp/domain/routing'
import type { CallBook } from '../limits/call-book.ts'
import type { AnyWalk } from './exchange.ts'

export class Observer {
  readonly #observations: ObservationService
  readonly #calls: Pick<CallBook, 'recorded'>

  constructor(observations: ObservationService, calls: Pick<CallBook, 'recorded'>) {
    this.#observations = observations
    this.#calls = calls
  }

  /** Before a model is called: an answer that could not be recorded would be paid for in vain. @throws {AtpError} `storage_unavailable` */
  requireRoom(): void {
    this.#observations.requireRoom()
  }

  /**
   * Resolves when the record is committed, and the limits know what was spent. A walk that called nobody (every circuit was open) leaves no record.
   * @throws {AtpError} `overloaded`, `storage_unavailable` where the journal cannot commit
   */
  async observe(walk: AnyWalk): Promise<void> {
    const last = walk.attempts.at(-1)
    const recorded =
      last === undefined ? null : this.#observations.record(decisionOf(walk, last.arm), walk.attempts)
    try {
      if (walk.settling.length === 0) await recorded
      else await Promise.all([recorded, ...walk.settling])
    } finally {
      this.#calls.recorded(walk.exchange.tenant, walk.attempts)
    }
  }
}

function decisionOf({ exchange, plan, signal }: AnyWalk, arm: Decision['arm']): Decision {
  return {
    id: exchange.id,
    tenant: exchange.tenant,
    task: exchange.options.task ?? null,
    keyId: exchange.caller.key,
    at: exchange.at,
    arm,
    strategy: plan.strategy,
    weights: plan.weights,
    seed: plan.seed,
    stateVersion: plan.stateVersion,
    candidates: plan.candidates,
    pinned: plan.pinned,
    exploration: plan.exploration,
    shadow: plan.shadow,
    features: plan.features,
    signal,
  }
}
