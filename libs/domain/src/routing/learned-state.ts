/**
 * What is learned of each arm, part by part: quality of its answers (posterior), reliability and output length (decayed means),
 * latency (quantile sketch). Quality learns from judged answers alone, reliability from every call: a judgement is rare, a failure
 * never goes unnoticed, and in one estimate the failures of a good model would drown the few judgements it gets.
 */
import type { ArmId } from '@atp/core/ids'
import { type Bandit, type NativeModule, PROMPT_FEATURES } from '@atp/native'
import { isFailure } from '../adapter/health.ts'
import type { Observation } from '../observation/observation.ts'
import type { Learner, LearningContext } from '../observation/ports.ts'
import type { Parts } from '../replication/part.ts'
import type { Sharer } from '../replication/replica-exchange.ts'
import type { Arm } from './arm.ts'
import { type ArmMemory, readArmMemory } from './arm-memory.ts'
import { type HalfLives, memoryOf, partsOf } from './arm-parts.ts'
import { ContextStore, type ContextStoreOptions } from './contexts/context-store.ts'
import { ContextualModel } from './contextual/contextual-model.ts'
import { decodeFeatures } from './contextual/features.ts'
import { type LearnedArm, newLearnedArm, recall, remember } from './learned-arm.ts'

export class LearnedState implements Learner, Sharer {
  readonly bandit: Bandit
  /** By what prompts look like: qualities, and tokens of answers. Arms have the same indices. */
  readonly contextual: ContextualModel
  /** What tenants and tasks believe beside that. */
  readonly contexts: ContextStore
  readonly #native: NativeModule
  readonly #halfLives: HalfLives
  readonly #arms = new Map<ArmId, LearnedArm>()
  /** Memories of arms that are not registered now: kept for the day they come back. */
  readonly #dormant = new Map<string, ArmMemory>()
  #observed = 0
  #adopted = 0

  constructor(options: {
    readonly native: NativeModule
    readonly halfLifeMs: number
    /** Milliseconds that the strategy `swucb` looks back; 6 hours if not given. */
    readonly windowMs?: number
    /** Milliseconds; shorter, because outages are: what failed is tried again long before its quality is forgotten. */
    readonly reliabilityHalfLifeMs: number
    readonly ucbExploration: number
    /** Length of a feature vector; default `PROMPT_FEATURES`. */
    readonly dimension?: number
    readonly contexts: ContextStoreOptions
  }) {
    this.#native = options.native
    const { halfLifeMs, reliabilityHalfLifeMs } = options
    this.#halfLives = { halfLifeMs, reliabilityHalfLifeMs }
    this.bandit = options.native.createBandit(options)
    const { dimension = PROMPT_FEATURES } = options
    this.contextual = new ContextualModel(options.native, dimension, options.halfLifeMs)
    this.contexts = new ContextStore(options.contexts, options.halfLifeMs)
  }

  /** Counts what was learned, here and elsewhere, and what was loaded: the same version is the same state. */
  get version(): number {
    return this.#observed + this.#adopted + this.contexts.merged
  }

  /** Observations that were learned from. */
  get observed(): number {
    return this.#observed
  }

  /** The arm's learned parts; an arm that was never seen starts from what is remembered of it, or from its priors. */
  of(arm: Arm): LearnedArm {
    return this.#arms.get(arm.id) ?? this.#enrol(arm)
  }

  /** Each part learns only from what was the model's doing: see `Outcome`. */
  apply(observation: Observation, context: LearningContext, sequence?: number): void {
    const learned = this.#arms.get(observation.arm)
    if (learned === undefined) return
    const { kind, outcome, quality, latency, usage, at } = observation
    const { dimension } = this.contextual
    const features = context.features === null ? null : decodeFeatures(context.features, dimension)
    if (quality !== null && !context.pinned) {
      const own = this.contexts.learn({ tenant: observation.tenant, task: context.task }, sequence)
      this.bandit.update(learned.index, quality, at, own?.qualities)
      if (features !== null) this.contextual.judge(learned.index, features, quality, at, own?.residuals)
    }
    this.#learnSignal(learned, observation, context)
    if (isFailure(outcome)) learned.reliability.add(0, at)
    else if (outcome === 'success' && (kind === 'attempt' || kind === 'outside')) {
      learned.reliability.add(1, at)
      if (latency !== null) learned.latency.record(latency, at)
      if (usage !== null) {
        learned.outputTokens.add(usage.outputTokens, at)
        if (features !== null) this.contextual.amounts.learn(learned.index, features, usage.outputTokens, at)
      }
    }
    this.#observed += 1
  }

  reached(sequence: number): void {
    this.contexts.reached(sequence)
  }

  /** Every answer of ours counts: rare faults of a model with much traffic are rare. */
  #learnSignal(
    { soundness }: LearnedArm,
    { kind, outcome, timeToFirstToken, at }: Observation,
    context: LearningContext,
  ): void {
    const { signal, pinned } = context
    if (pinned) return
    if (kind === 'replacement' && signal !== null) soundness.correct(1 - signal.worth, context.at)
    // Of a call that was cancelled before its first token, the signal is that of the model that answered instead.
    const left = outcome === 'cancelled' && timeToFirstToken !== null && signal !== null
    if (kind === 'attempt' && (outcome === 'success' || left)) {
      soundness.add(signal?.worth ?? 1, at)
    }
  }

  /** @param instead of what is known of some arms now, what was known of them at an earlier moment */
  snapshot(instead: ReadonlyMap<string, Parts> = new Map()): Readonly<Record<string, ArmMemory>> {
    const memories: Record<string, ArmMemory> = Object.fromEntries(this.#dormant)
    for (const [id, learned] of this.#arms) {
      const now = remember(learned, this)
      const parts = instead.get(id)
      memories[id] = parts === undefined ? now : memoryOf(parts, now, this.contextual.dimension)
    }
    return memories
  }

  /** What a snapshot holds of each arm, to be shared; what is corrupt in it is left out. */
  partsIn(arms: Readonly<Record<string, unknown>>): ReadonlyMap<string, Parts> {
    const parts = new Map<string, Parts>()
    for (const [id, value] of Object.entries(arms)) {
      const memory = readArmMemory(value)
      if (memory !== null) parts.set(id, partsOf(memory, this.#halfLives))
    }
    return parts
  }

  sharedKeys(): Iterable<string> {
    return this.#arms.keys()
  }

  partsOf(arm: string): Parts {
    return partsOf(remember(this.#known(arm), this), this.#halfLives)
  }

  adopt(arm: string, parts: Parts): boolean {
    const learned = this.#known(arm)
    const before = remember(learned, this)
    this.#adopted += 1
    const adopted = recall(learned, memoryOf(parts, before, this.contextual.dimension), this)
    if (!adopted) recall(learned, before, this)
    return adopted
  }

  restore(arms: Readonly<Record<string, unknown>>, warn: (message: string) => void): void {
    for (const [id, memory] of Object.entries(arms)) {
      const read = this.#ofOurFeatures(readArmMemory(memory), id, warn)
      const learned = this.#arms.get(id as ArmId)
      if (read === null) warn(corrupt(id))
      else if (learned === undefined) this.#dormant.set(id, read)
      else if (!recall(learned, read, this)) warn(corrupt(id))
    }
  }

  #known(arm: string): LearnedArm {
    const learned = this.#arms.get(arm as ArmId)
    if (learned === undefined) throw new Error(`nothing is known of an arm ${arm}`)
    return learned
  }

  /** What was learned by other features means nothing here. */
  #ofOurFeatures(memory: ArmMemory | null, id: string, warn: (message: string) => void): ArmMemory | null {
    if (memory?.contextual === undefined || this.contextual.knows(memory.contextual)) return memory
    warn(`arm ${id} was learned by other features of prompts: what depends on them starts from its prior`)
    const { contextual: _, ...rest } = memory
    return rest
  }

  #enrol(arm: Arm): LearnedArm {
    const learned = newLearnedArm(arm, this.#native, this.#halfLives, this)
    this.contexts.addArm(arm.id)
    this.#arms.set(arm.id, learned)
    const memory = this.#dormant.get(arm.id)
    if (memory !== undefined) {
      this.#dormant.delete(arm.id)
      recall(learned, memory, this)
    }
    return learned
  }
}

function corrupt(id: string): string {
  return `the learned state of arm ${id} is corrupt: it starts from its prior`
}
