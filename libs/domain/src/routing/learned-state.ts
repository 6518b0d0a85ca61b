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
import type { Arm } from './arm.ts'
import { type ArmMemory, foldSketch, readArmMemory, unfoldSketch } from './arm-memory.ts'
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

export class LearnedState implements Learner {
  readonly bandit: Bandit
  /** By what prompts look like: qualities, and tokens of answers. Arms have the same indices. */
  readonly contextual: ContextualModel
  readonly #native: NativeModule
  readonly #halfLifeMs: number
  readonly #reliabilityHalfLifeMs: number
  readonly #arms = new Map<ArmId, LearnedArm>()
  /** Memories of arms that are not registered now: kept for the day they come back. */
  readonly #dormant = new Map<string, ArmMemory>()
  #version = 0

  constructor(options: {
    readonly native: NativeModule
    readonly halfLifeMs: number
    /** Milliseconds that the strategy `swucb` looks back; 6 hours if not given. */
    readonly windowMs?: number
    /** Milliseconds; shorter, because outages are: what failed is tried again long before its quality is forgotten. */
    readonly reliabilityHalfLifeMs: number
    readonly ucbExploration: number
  }) {
    this.#native = options.native
    this.#halfLifeMs = options.halfLifeMs
    this.#reliabilityHalfLifeMs = options.reliabilityHalfLifeMs
    this.bandit = options.native.createBandit(options)
    this.contextual = new ContextualModel(options.native, PROMPT_FEATURES, options.halfLifeMs)
  }

  /** Counts what was learned: the same version is the same state. */
  get version(): number {
    return this.#version
  }

  /** The arm's learned parts; an arm that was never seen starts from what is remembered of it, or from its priors. */
  of(arm: Arm): LearnedArm {
    return this.#arms.get(arm.id) ?? this.#enrol(arm)
  }

  /** Each part learns only from what was the model's doing: see `Outcome`. */
  apply(observation: Observation, context: LearningContext): void {
    const learned = this.#arms.get(observation.arm)
    if (learned === undefined) return
    const { kind, outcome, quality, latency, usage, at } = observation
    const features = context.features === null ? null : decodeFeatures(context.features)
    if (quality !== null && !context.pinned) {
      this.bandit.update(learned.index, quality, at)
      if (features !== null) this.contextual.qualities.update(learned.index, features, quality, 1, at)
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
    this.#version += 1
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

  snapshot(): Readonly<Record<string, ArmMemory>> {
    const memories: Record<string, ArmMemory> = Object.fromEntries(this.#dormant)
    for (const [id, learned] of this.#arms) {
      const contextual = this.contextual.snapshotArm(learned.index)
      memories[id] = {
        quality: Array.from(this.bandit.snapshotArm(learned.index)),
        reliability: learned.reliability.snapshot(),
        soundness: learned.soundness.snapshot(),
        outputTokens: learned.outputTokens.snapshot(),
        ...(contextual === null ? {} : { contextual }),
        latency: foldSketch(learned.latency.snapshot()),
      }
    }
    return memories
  }

  restore(arms: Readonly<Record<string, unknown>>, warn: (message: string) => void): void {
    for (const [id, memory] of Object.entries(arms)) {
      const read = readArmMemory(memory)
      const learned = this.#arms.get(id as ArmId)
      if (read === null) warn(corrupt(id))
      else if (learned === undefined) this.#dormant.set(id, read)
      else if (!this.#recall(learned, read)) warn(corrupt(id))
    }
  }

  #enrol(arm: Arm): LearnedArm {
    const { mean, strength } = arm.qualityPrior
    const [, hash] = this.#native.hash64(arm.id)
    const learned: LearnedArm = {
      index: this.bandit.addArm(hash, mean * strength, (1 - mean) * strength),
      reliability: new DecayedMean(RELIABILITY_PRIOR, this.#reliabilityHalfLifeMs),
      soundness: new DecayedMean(SOUNDNESS_PRIOR, this.#halfLifeMs),
      outputTokens: new DecayedMean(
        { mean: arm.expectedOutputTokens, strength: LENGTH_PRIOR_STRENGTH },
        this.#halfLifeMs,
      ),
      latency: new LatencyEstimate(
        this.#native.createLatencySketch(this.#halfLifeMs),
        arm.expectedLatencyMs,
        this.#halfLifeMs,
      ),
    }
    this.contextual.addArm(hash, arm.expectedOutputTokens)
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
