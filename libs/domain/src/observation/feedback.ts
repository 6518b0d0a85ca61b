/**
 * Takes feedback on decisions and observations from outside, each once, whenever they come.
 * Invariant: of all submissions with one id, whether in one batch, at the same time or years apart, one is stored and learned from.
 * One exception: where the database that holds the first cannot be asked, a repeat is learned from too, and dropped when it is
 * stored. To refuse all feedback for as long as it is away would lose more.
 * Memory is bounded: it holds the ids of submissions under way, and the latest decisions.
 */
import type { Clock } from '@atp/core/clock'
import { AtpError } from '@atp/core/errors'
import { type DecisionId, newId, type ObservationId } from '@atp/core/ids'
import type { Random } from '@atp/core/random'
import type { Arm } from '../routing/arm.ts'
import { names } from '../routing/constraints.ts'
import {
  type DecisionFeedback,
  type FeedbackInput,
  isName,
  type OutsideObservation,
  problemsOf,
} from './feedback-input.ts'
import type { Observation } from './observation.ts'
import {
  type DecisionRecord,
  type DecisionRepository,
  type LearningContext,
  NO_CONTEXT,
  type ObservationRepository,
} from './ports.ts'
import { RecentDecisions } from './recent-decisions.ts'
import type { ObservationService } from './service.ts'

export const MAX_FEEDBACK_BATCH = 1_000

export interface FeedbackServiceOptions {
  readonly observations: Pick<ObservationService, 'record' | 'requireRoom'>
  readonly decisions: DecisionRepository
  readonly stored: Pick<ObservationRepository, 'known'>
  readonly registry: { arm(id: string): Arm | undefined }
  readonly clock: Clock
  readonly random: Random
  /** Decisions kept in memory, for feedback that comes before they are committed. */
  readonly recentDecisions?: number
}

/** `observationId` is the sender's name of the observation, or the one that it got. */
export type FeedbackResult =
  | { readonly status: 'accepted' | 'duplicate'; readonly observationId: string }
  | { readonly status: 'refused'; readonly error: AtpError }

export class FeedbackService {
  readonly #options: FeedbackServiceOptions
  readonly #decisions: RecentDecisions
  /** Ids that a submission is about to store, with the end of that submission. */
  readonly #underWay = new Map<ObservationId, Promise<void>>()

  constructor(options: FeedbackServiceOptions) {
    this.#options = options
    this.#decisions = new RecentDecisions(options.decisions, options.recentDecisions)
  }

  /** Makes feedback on a decision possible before it is committed. The last word on an id counts. */
  remember(decision: DecisionRecord): void {
    this.#decisions.remember(decision)
  }

  /** Whether somebody judged it before it had ended. */
  isJudged(id: DecisionId): boolean {
    return this.#decisions.isJudged(id)
  }

  /**
   * Resolves when what was accepted is committed and learned from; what is wrong with one input concerns that one alone:
   * `invalid_request`, `unknown_decision` (also for another tenant's), `unknown_model`, `overloaded`.
   * @returns one result an input, in their order
   * @throws {AtpError} `invalid_request` for more than 1,000 inputs; `storage_unavailable`; whatever the repositories throw: nothing is stored then
   */
  async submit(inputs: readonly FeedbackInput[]): Promise<FeedbackResult[]> {
    if (inputs.length > MAX_FEEDBACK_BATCH) throw tooMany(inputs.length)
    this.#options.observations.requireRoom()
    const drafts = await Promise.all(inputs.map(input => this.#draft(input)))
    const firsts = new Map<ObservationId, Draft>()
    for (const draft of drafts) {
      if (isRefused(draft) || firsts.has(draft.observation.id)) continue
      firsts.set(draft.observation.id, draft)
    }
    const ids = new Set(Array.from(firsts.values()).flatMap(idsOf))
    const outcomes = await this.#alone([...ids], known => this.#store(firsts, new Set(known)))
    return drafts.map(draft => {
      if (isRefused(draft)) return { status: 'refused', error: draft }
      const { id } = draft.observation
      const outcome = outcomes.get(id)
      if (outcome !== undefined && outcome !== null) return { status: 'refused', error: outcome }
      const accepted = outcome === null && firsts.get(id) === draft
      return { status: accepted ? 'accepted' : 'duplicate', observationId: draft.name }
    })
  }

  async #draft(input: FeedbackInput): Promise<Draft | AtpError> {
    const wrong = problemsOf(input)
    if (wrong !== null) return wrong
    return input.kind === 'feedback' ? this.#judgement(input) : this.#outside(input)
  }

  async #judgement(input: DecisionFeedback): Promise<Draft | AtpError> {
    const { tenant, decisionId, quality } = input
    const decision = isName(decisionId) ? await this.#decisions.find(decisionId) : null
    if (decision === null || decision.tenant !== tenant) return unknownDecision(decisionId)
    const name = input.observationId ?? decisionId
    const observation: Observation = {
      id: idOf(tenant, name),
      kind: 'feedback',
      at: this.#options.clock.now(),
      tenant,
      decisionId,
      arm: decision.arm,
      outcome: 'success',
      quality,
      latency: null,
      timeToFirstToken: null,
      usage: null,
      cost: null,
    }
    return { name, observation, replacement: replacementOf(observation, decision), context: decision }
  }

  #outside(input: OutsideObservation): Draft | AtpError {
    const { registry, clock, random } = this.#options
    const { tenant, permitted, arm, outcome, quality, latency, timeToFirstToken, usage, cost } = input
    const known = registry.arm(arm)
    if (known === undefined || (permitted !== undefined && !names(permitted, known))) return unknownArm(arm)
    const name = input.observationId ?? newId<string>(clock, random)
    const id = idOf(tenant, name)
    const observation: Observation = {
      id,
      kind: 'outside',
      at: clock.now(),
      tenant,
      decisionId: null,
      arm,
      outcome,
      quality,
      latency,
      timeToFirstToken,
      usage,
      cost,
    }
    return { name, observation, replacement: null, context: NO_CONTEXT }
  }

  /** Does the work while no other submission has any of these ids. All ids are taken at once, so that nobody waits for each other. */
  async #alone<Result>(
    ids: readonly ObservationId[],
    work: (known: ReadonlySet<string>) => Promise<Result>,
  ): Promise<Result> {
    for (let busy = this.#holderOf(ids); busy !== undefined; busy = this.#holderOf(ids)) await busy
    const done = Promise.withResolvers<void>()
    for (const id of ids) this.#underWay.set(id, done.promise)
    try {
      return await work(ids.length === 0 ? new Set() : await this.#options.stored.known(ids))
    } finally {
      for (const id of ids) this.#underWay.delete(id)
      done.resolve()
    }
  }

  #holderOf(ids: readonly ObservationId[]): Promise<void> | undefined {
    for (const id of ids) {
      const holder = this.#underWay.get(id)
      if (holder !== undefined) return holder
    }
    return undefined
  }

  /** @returns of each id that was new, null where it is stored now, or why it is not */
  async #store(
    drafts: ReadonlyMap<ObservationId, Draft>,
    known: Set<string>,
  ): Promise<ReadonlyMap<ObservationId, AtpError | null>> {
    const outcomes = new Map<ObservationId, AtpError | null>()
    const fresh = Array.from(drafts.values()).filter(({ observation }) => !known.has(observation.id))
    const record = async ({ observation, replacement, context }: Draft): Promise<void> => {
      if (observation.decisionId !== null) this.#decisions.judge(observation.decisionId)
      const replaces = replacement !== null && !known.has(replacement.id)
      if (replaces) known.add(replacement.id)
      const observations = replaces ? [observation, replacement] : [observation]
      const recorded = this.#options.observations.record(null, observations, context)
      outcomes.set(observation.id, await recorded.then(() => null, asAtpError))
    }
    await Promise.all(fresh.map(record))
    return outcomes
  }
}

/** An observation as it would be stored. */
interface Draft {
  readonly name: string
  readonly observation: Observation
  /** Where the judged answer said something of itself: the judgement takes its place, whichever of several comes first. */
  readonly replacement: Observation | null
  readonly context: LearningContext
}

function idsOf({ observation, replacement }: Draft): ObservationId[] {
  return replacement === null ? [observation.id] : [observation.id, replacement.id]
}

/** Its id is the decision's alone, so that it is stored, and learned from, once; no sender's name begins with a colon: its tenant does. */
function replacementOf(
  judgement: Observation,
  { id, tenant, signal, pinned }: DecisionRecord,
): Observation | null {
  if (signal === null || pinned) return null
  return { ...judgement, id: `:${tenant}:${id}` as ObservationId, kind: 'replacement', quality: null }
}

function isRefused(draft: Draft | AtpError): draft is AtpError {
  return draft instanceof AtpError
}

/** Names belong to their tenant: nobody can use up another's. A tenant's id has no colon. */
function idOf(tenant: string, name: string): ObservationId {
  return `${tenant}:${name}` as ObservationId
}

function asAtpError(error: unknown): AtpError {
  if (error instanceof AtpError) return error
  return new AtpError('internal', { detail: 'the observation was not recorded', cause: error })
}

function tooMany(found: number): AtpError {
  return new AtpError('invalid_request', {
    detail: 'too many observations at once',
    problems: [{ field: 'observations', found: `${found}`, allowed: `at most ${MAX_FEEDBACK_BATCH}` }],
  })
}

function unknownDecision(id: string): AtpError {
  return new AtpError('unknown_decision', { detail: `there is no decision '${id}'` })
}

function unknownArm(arm: string): AtpError {
  return new AtpError('unknown_model', {
    detail: `no adapter serves '${arm}'`,
    problems: [
      { field: 'arm', found: arm, allowed: 'the id of a registered arm, as GET /v1/models lists it' },
    ],
  })
}
