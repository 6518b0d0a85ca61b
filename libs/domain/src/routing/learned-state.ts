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
import { type ArmMemory, foldSketch, readArmMemory, unfoldSketch } from './arm-memory.ts'
import { type HalfLives, memoryOf, partsOf } from './arm-parts.ts'
import { ContextStore, type ContextStoreOptions } from './contexts/context-store.ts'
import { ContextualModel } from './contextual/contextual-model.ts'
import { decodeFeatures } from './contextual/features.ts'
import { DecayedMean } from './decayed-mean.ts'
import { LatencyEstimate } from './latency-estimate.ts'

export interface LearnedArm {
  readonly index: number
  /** Share of calls that it answers. */
  readonly reliability: DecayedMean
  /** What its answers are worth by what they say of themselves, next to a sound one. */
  readonly soundness: DecayedMean
  readonly outputTokens: DecayedMean
  readonly latency: LatencyEstimate
}

/** Prior calls that an arm's configured output length counts for. */
const LENGTH_PRIOR_STRENGTH = 3
/** An arm is taken for reliable until its calls show otherwise. */
const RELIABILITY_PRIOR = { mean: 1, strength: 4 }
/** A first refusal must not put an arm out of use. */
const SOUNDNESS_PRIOR = { mean: 1, strength: 20 }

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
    { kind, outcome, at }: Observation,
    context: LearningContext,
  ): void {
    const { signal, pinned } = context
    if (pinned) return
    if (kind === 'replacement' && signal !== null) soundness.correct(1 - signal.worth, context.at)
    else if (kind === 'attempt' && (outcome === 'success' || (outcome === 'cancelled' && signal !== null))) {
      soundness.add(signal?.worth ?? 1, at)
    }
  }

  /** @param instead of what is known of some arms now, what was known of them at an earlier moment */
  snapshot(instead: ReadonlyMap<string, Parts> = new Map()): Readonly<Record<string, ArmMemory>> {
    const memories: Record<string, ArmMemory> = Object.fromEntries(this.#dormant)
    for (const [id, learned] of this.#arms) {
      const now = this.#memoryOf(learned)
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
    return partsOf(this.#memoryOf(this.#known(arm)), this.#halfLives)
  }

  adopt(arm: string, parts: Parts): boolean {
    const learned = this.#known(arm)
    const before = this.#memoryOf(learned)
    this.#adopted += 1
    const adopted = this.#recall(learned, memoryOf(parts, before, this.contextual.dimension))
    if (!adopted) this.#recall(learned, before)
    return adopted
  }

  restore(arms: Readonly<Record<string, unknown>>, warn: (message: string) => void): void {
    for (const [id, memory] of Object.entries(arms)) {
      const read = this.#ofOurFeatures(readArmMemory(memory), id, warn)
      const learned = this.#arms.get(id as ArmId)
      if (read === null) warn(corrupt(id))
      else if (learned === undefined) this.#dormant.set(id, read)
      else if (!this.#recall(learned, read)) warn(corrupt(id))
    }
  }

  #known(arm: string): LearnedArm {
    const learned = this.#arms.get(arm as ArmId)
    if (learned === undefined) throw new Error(`nothing is known of an arm ${arm}`)
    return learned
  }

  #memoryOf({ index, reliability, soundness, outputTokens, latency }: LearnedArm): ArmMemory {
    const contextual = this.contextual.snapshotArm(index)
    return {
      quality: Array.from(this.bandit.snapshotArm(index)),
      reliability: reliability.snapshot(),
      soundness: soundness.snapshot(),
      outputTokens: outputTokens.snapshot(),
      ...(contextual === null ? {} : { contextual }),
      latency: foldSketch(latency.snapshot()),
    }
  }

  /** What was learned by other features means nothing here. */
  #ofOurFeatures(memory: ArmMemory | null, id: string, warn: (message: string) => void): ArmMemory | null {
    if (memory?.contextual === undefined || this.contextual.knows(memory.contextual)) return memory
    warn(`arm ${id} was learned by other features of prompts: what depends on them starts from its prior`)
    const { contextual: _, ...rest } = memory
    return rest
  }

  #enrol(arm: Arm): LearnedArm {
    const { mean, strength } = arm.qualityPrior
    const { halfLifeMs, reliabilityHalfLifeMs } = this.#halfLives
    const [, hash] = this.#native.hash64(arm.id)
    const learned: LearnedArm = {
      index: this.bandit.addArm(hash, mean * strength, (1 - mean) * strength),
      reliability: new DecayedMean(RELIABILITY_PRIOR, reliabilityHalfLifeMs),
      soundness: new DecayedMean(SOUNDNESS_PRIOR, halfLifeMs),
      outputTokens: new DecayedMean(
        { mean: arm.expectedOutputTokens, strength: LENGTH_PRIOR_STRENGTH },
        halfLifeMs,
      ),
      latency: new LatencyEstimate(
        this.#native.createLatencySketch(halfLifeMs),
        arm.expectedLatencyMs,
        halfLifeMs,
      ),
    }
    this.contextual.addArm(hash, arm.expectedOutputTokens)
    this.contexts.addArm(arm.id)
    this.#arms.set(arm.id, learned)
    const memory = this.#dormant.get(arm.id)
    if (memory !== undefined) {
      this.#dormant.delete(arm.id)
      this.#recall(learned, memory)
    }
    return learned
  }

  /** @returns false where a part was not legal: that part stays at its prior */
  #recall(learned: LearnedArm, memory: ArmMemory): boolean {
    try {
      const quality = this.bandit.restoreArm(learned.index, Float64Array.from(memory.quality))
      const reliability = learned.reliability.restore(memory.reliability)
      const outputTokens = learned.outputTokens.restore(memory.outputTokens)
      learned.latency.restore(unfoldSketch(memory.latency))
      const { contextual: remembered } = memory
      const soundness = memory.soundness === undefined || learned.soundness.restore(memory.soundness)
      const contextual = remembered === undefined || this.contextual.restoreArm(learned.index, remembered)
      return quality && reliability && soundness && outputTokens && contextual
    } catch (error) {
      if (error instanceof RangeError) return false
      throw error
    }
  }
}

function corrupt(id: string): string {
  return `the learned state of arm ${id} is corrupt: it starts from its prior`
}
