/**
 * Commits decisions and observations in groups, in the order in which they came, and lets the learner see what is committed.
 * Invariants: nothing is dropped; at most `queueLimit` rows, and the rest of the last record, wait for a commit, and callers
 * beyond that wait their turn; the learner sees exactly the committed observations, in the order of their commits.
 */
import { AtpError } from '@atp/core/errors'
import type { Decision } from '../routing/decision.ts'
import { CommitGroup, weightOf } from './commit-group.ts'
import { learnFrom, type Warn } from './learning.ts'
import type { Observation } from './observation.ts'
import { type Journal, type Learner, type LearningContext, NO_CONTEXT } from './ports.ts'

export interface ObservationServiceOptions {
  readonly journal: Journal
  readonly learner: Learner
  /** Rows that may wait for a commit before callers wait for room. */
  readonly queueLimit: number
  /** Runs a function soon, never at once: what comes until then is one commit. It paces the commits, so that groups are worth one. */
  readonly schedule: (flush: () => void) => void
  /** Hears of observations that the learner could not digest. */
  readonly warn?: Warn
}

/** A caller that waits for room. */
interface Waiter {
  readonly decision: Decision | null
  readonly observations: readonly Observation[]
  readonly context: LearningContext
  readonly settle: (committed: Promise<void>) => void
}

export class ObservationService {
  readonly #journal: Journal
  readonly #learner: Learner
  readonly #queueLimit: number
  readonly #schedule: (flush: () => void) => void
  readonly #warn: Warn
  readonly #flush = (): void => {
    void this.#commit()
  }
  readonly #waiters: Waiter[] = []
  #open = new CommitGroup()
  /** Rows of the open group and of the one under commit. */
  #pending = 0
  /** From the moment a commit is scheduled until one ends with nothing left to do. */
  #busy = false
  #appliedSequence = 0
  #drained: PromiseWithResolvers<void> | null = null
  #closed = false

  constructor(options: ObservationServiceOptions) {
    if (!(Number.isInteger(options.queueLimit) && options.queueLimit > 0)) {
      throw new AtpError('invalid_argument', {
        detail: 'the observation queue needs a limit',
        problems: [{ field: 'queueLimit', found: String(options.queueLimit), allowed: 'an integer above 0' }],
      })
    }
    this.#journal = options.journal
    this.#learner = options.learner
    this.#queueLimit = options.queueLimit
    this.#schedule = options.schedule
    this.#warn = options.warn ?? (() => {})
  }

  /** Rows that wait for their commit. */
  get pending(): number {
    return this.#pending
  }

  /** Callers that wait for room. */
  get waiting(): number {
    return this.#waiters.length
  }

  get full(): boolean {
    return this.#pending >= this.#queueLimit
  }

  /** The journal's sequence of the last observation that the learner has seen; 0 before the first. */
  get appliedSequence(): number {
    return this.#appliedSequence
  }

  /** Says how far a recovery has brought the learner. */
  resumeFrom(sequence: number): void {
    this.#appliedSequence = Math.max(this.#appliedSequence, sequence)
  }

  /**
   * Resolves once decision and observations are committed and learned from.
   * @param context of the observations' decision, where it does not come along
   * @throws {AtpError} `overloaded` where the journal refused the commit: nothing is stored or learned;
   * `shutting_down` after `drain`
   */
  record(
    decision: Decision | null,
    observations: readonly Observation[],
    context: LearningContext = decision ?? NO_CONTEXT,
  ): Promise<void> {
    if (this.#closed) return Promise.reject(shuttingDown())
    if (!this.full) return this.#enqueue(decision, observations, context)
    return new Promise(settle => {
      this.#waiters.push({ decision, observations, context, settle })
    })
  }

  /** Resolves when everything that was recorded has been committed or refused; from then on nothing more is taken. */
  drain(): Promise<void> {
    this.#drained ??= Promise.withResolvers()
    if (!this.#busy) this.#close()
    return this.#drained.promise
  }

  #enqueue(
    decision: Decision | null,
    observations: readonly Observation[],
    context: LearningContext,
  ): Promise<void> {
    this.#open.add(decision, observations, context)
    this.#pending += weightOf(observations)
    if (!this.#busy) {
      this.#busy = true
      this.#schedule(this.#flush)
    }
    return this.#open.committed
  }

  async #commit(): Promise<void> {
    const group = this.#open
    this.#open = new CommitGroup()
    const sequence = await this.#journal.append(group).catch(cause => {
      group.fail(refused(cause))
      return null
    })
    if (sequence !== null) {
      this.#learn(group, sequence)
      group.succeed()
    }
    this.#pending -= group.weight
    this.#admit()
    if (!this.#open.isEmpty) return this.#schedule(this.#flush)
    this.#busy = false
    if (this.#drained !== null) this.#close()
  }

  #learn({ observations, contexts }: CommitGroup, sequence: number): void {
    for (const [index, observation] of observations.entries()) {
      learnFrom(this.#learner, observation, contexts[index] as LearningContext, this.#warn)
    }
    this.#learner.reached(sequence)
    this.resumeFrom(sequence)
  }

  /** First come, first admitted; who is left waits because the queue is full again. */
  #admit(): void {
    let admitted = 0
    for (const { decision, observations, context, settle } of this.#waiters) {
      if (this.full) break
      settle(this.#enqueue(decision, observations, context))
      admitted += 1
    }
    this.#waiters.splice(0, admitted)
  }

  #close(): void {
    this.#closed = true
    this.#drained?.resolve()
  }
}

function refused(cause: unknown): AtpError {
  return new AtpError('overloaded', { detail: 'the journal cannot commit now: nothing was recorded', cause })
}

function shuttingDown(): AtpError {
  return new AtpError('shutting_down', { detail: 'no more observations are taken' })
}
