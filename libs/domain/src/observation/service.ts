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
import { type Journal, type JournalGate, type Learner, type LearningContext, NO_CONTEXT } from './ports.ts'

export interface ObservationServiceOptions {
  readonly journal: Journal
  /** By default it is always open, and a commit is all that is waited for. */
  readonly gate?: JournalGate
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
  readonly #gate: JournalGate
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
  /** Groups that are committed and learned from, and wait to be confirmed. */
  #unconfirmed = 0
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
    this.#gate = options.gate ?? OPEN
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

  /** Before work begins that would have to be recorded. @throws {AtpError} `storage_unavailable` where it could not be */
  requireRoom(): void {
    const refusal = this.#gate.refusal()
    if (refusal !== null) throw refusal
  }

  /**
   * Resolves once decision and observations are committed and learned from.
   * @param context of the observations' decision, where it does not come along
   * @throws {AtpError} `overloaded`, `storage_unavailable` where the journal refused the commit: nothing is stored or learned;
   * `storage_unavailable` also where the commit is not confirmed in time; `shutting_down` after `drain`
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
    this.#closeIfDone()
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
      this.#acknowledge(group)
    }
    this.#pending -= group.weight
    this.#admit()
    if (!this.#open.isEmpty) return this.#schedule(this.#flush)
    this.#busy = false
    this.#closeIfDone()
  }

  /** The next commit does not wait for it. */
  #acknowledge(group: CommitGroup): void {
    const confirmed = this.#gate.confirmed()
    if (confirmed === null) {
      group.succeed()
      return
    }
    this.#unconfirmed += 1
    const settled = (settle: () => void) => {
      this.#unconfirmed -= 1
      settle()
      this.#closeIfDone()
    }
    confirmed.then(
      () => settled(() => group.succeed()),
      error => settled(() => group.fail(error)),
    )
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

  #closeIfDone(): void {
    if (this.#drained === null || this.#busy || this.#unconfirmed > 0) return
    this.#closed = true
    this.#drained.resolve()
  }
}

const OPEN: JournalGate = { refusal: () => null, confirmed: () => null }

function refused(cause: unknown): AtpError {
  if (cause instanceof AtpError && cause.code === 'storage_unavailable') return cause
  return new AtpError('overloaded', { detail: 'the journal cannot commit now: nothing was recorded', cause })
}

function shuttingDown(): AtpError {
  return new AtpError('shutting_down', { detail: 'no more observations are taken' })
}
