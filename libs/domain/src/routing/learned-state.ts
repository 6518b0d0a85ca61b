/** What is learned of each arm, part by part: quality (posterior), output length (decayed mean), latency (quantile sketch). */
import type { ArmId } from '@atp/core/ids'
import type { Bandit, NativeModule } from '@atp/native'
import type { Observation } from '../observation/observation.ts'
import type { Learner } from '../observation/ports.ts'
import type { Arm } from './arm.ts'
import { type ArmMemory, foldSketch, readArmMemory, unfoldSketch } from './arm-memory.ts'
import { DecayedMean } from './decayed-mean.ts'
import { LatencyEstimate } from './latency-estimate.ts'
import { rewardOf } from './reward.ts'

export interface LearnedArm {
  readonly index: number
  readonly outputTokens: DecayedMean
  readonly latency: LatencyEstimate
}

/** Prior calls that an arm's configured output length counts for. */
const LENGTH_PRIOR_STRENGTH = 3

export class LearnedState implements Learner {
  readonly bandit: Bandit
  readonly #native: NativeModule
  readonly #halfLifeMs: number
  readonly #arms = new Map<ArmId, LearnedArm>()
  /** Memories of arms that are not registered now: kept for the day they come back. */
  readonly #dormant = new Map<string, ArmMemory>()
  #version = 0

  constructor(options: {
    readonly native: NativeModule
    readonly halfLifeMs: number
    readonly ucbExploration: number
  }) {
    this.#native = options.native
    this.#halfLifeMs = options.halfLifeMs
    this.bandit = options.native.createBandit(options)
  }

  /** Counts what was learned: the same version is the same state. */
  get version(): number {
    return this.#version
  }

  /** The arm's learned parts; an arm that was never seen starts from what is remembered of it, or from its priors. */
  of(arm: Arm): LearnedArm {
    return this.#arms.get(arm.id) ?? this.#enrol(arm)
  }

  /** Rewards learn only from what was the model's doing: see `Outcome`. */
  apply(observation: Observation, context: { readonly pinned: boolean }): void {
    const learned = this.#arms.get(observation.arm)
    if (learned === undefined) return
    const reward = rewardOf(observation.outcome, observation.quality)
    if (reward !== null && !context.pinned) this.bandit.update(learned.index, reward, observation.at)
    if (observation.outcome === 'success') {
      if (observation.latency !== null) learned.latency.record(observation.latency, observation.at)
      if (observation.usage !== null) learned.outputTokens.add(observation.usage.outputTokens, observation.at)
    }
    this.#version += 1
  }

  snapshot(): Readonly<Record<string, ArmMemory>> {
    const memories: Record<string, ArmMemory> = Object.fromEntries(this.#dormant)
    for (const [id, learned] of this.#arms) {
      memories[id] = {
        quality: Array.from(this.bandit.snapshotArm(learned.index)),
        outputTokens: learned.outputTokens.snapshot(),
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
      outputTokens: new DecayedMean(
        { mean: arm.expectedOutputTokens, strength: LENGTH_PRIOR_STRENGTH },
        this.#halfLifeMs,
      ),
      latency: new LatencyEstimate(this.#native.createLatencySketch(this.#halfLifeMs), arm.expectedLatencyMs),
    }
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
      const outputTokens = learned.outputTokens.restore(memory.outputTokens)
      learned.latency.restore(unfoldSketch(memory.latency))
      return quality && outputTokens
    } catch (error) {
      if (error instanceof RangeError) return false
      throw error
    }
  }
}

function corrupt(id: string): string {
  return `the learned state of arm ${id} is corrupt: it starts from its prior`
}
