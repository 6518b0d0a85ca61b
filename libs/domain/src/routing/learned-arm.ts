/** What is learned of one arm: its parts, at their priors, as they are remembered, and as they are recalled. */
import type { Bandit, NativeModule } from '@atp/native'
import { MOST_TOKENS } from '../observation/observation.ts'
import type { Arm } from './arm.ts'
import { type ArmMemory, foldSketch, unfoldSketch } from './arm-memory.ts'
import type { HalfLives } from './arm-parts.ts'
import type { ContextualModel } from './contextual/contextual-model.ts'
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

/** What keeps the parts of all arms together, by their indices. */
export interface ArmModels {
  readonly bandit: Bandit
  readonly contextual: ContextualModel
}

/** Prior calls that an arm's configured output length counts for. */
const LENGTH_PRIOR_STRENGTH = 3
/** An arm is taken for reliable until its calls show otherwise. */
const RELIABILITY_PRIOR = { mean: 1, strength: 4 }
/** A first refusal must not put an arm out of use. */
const SOUNDNESS_PRIOR = { mean: 1, strength: 20 }

/** Takes the next place in the models. */
export function newLearnedArm(
  arm: Arm,
  native: NativeModule,
  { halfLifeMs, reliabilityHalfLifeMs }: HalfLives,
  { bandit, contextual }: ArmModels,
): LearnedArm {
  const { mean, strength } = arm.qualityPrior
  const [, hash] = native.hash64(arm.id)
  contextual.addArm(hash, arm.expectedOutputTokens)
  return {
    index: bandit.addArm(hash, mean * strength, (1 - mean) * strength),
    reliability: new DecayedMean(RELIABILITY_PRIOR, reliabilityHalfLifeMs, 1),
    soundness: new DecayedMean(SOUNDNESS_PRIOR, halfLifeMs, 1),
    outputTokens: new DecayedMean(
      { mean: arm.expectedOutputTokens, strength: LENGTH_PRIOR_STRENGTH },
      halfLifeMs,
      MOST_TOKENS,
    ),
    latency: new LatencyEstimate(native.createLatencySketch(halfLifeMs), arm.expectedLatencyMs, halfLifeMs),
  }
}

export function remember(
  { index, reliability, soundness, outputTokens, latency }: LearnedArm,
  models: ArmModels,
): ArmMemory {
  const contextual = models.contextual.snapshotArm(index)
  return {
    quality: Array.from(models.bandit.snapshotArm(index)),
    reliability: reliability.snapshot(),
    soundness: soundness.snapshot(),
    outputTokens: outputTokens.snapshot(),
    ...(contextual === null ? {} : { contextual }),
    latency: foldSketch(latency.snapshot()),
  }
}

/** @returns false where a part was not legal: that part stays at its prior */
export function recall(learned: LearnedArm, memory: ArmMemory, models: ArmModels): boolean {
  try {
    const quality = models.bandit.restoreArm(learned.index, Float64Array.from(memory.quality))
    const reliability = learned.reliability.restore(memory.reliability)
    const outputTokens = learned.outputTokens.restore(memory.outputTokens)
    learned.latency.restore(unfoldSketch(memory.latency))
    const { contextual: remembered } = memory
    const soundness = memory.soundness === undefined || learned.soundness.restore(memory.soundness)
    const contextual = remembered === undefined || models.contextual.restoreArm(learned.index, remembered)
    return quality && reliability && soundness && outputTokens && contextual
  } catch (error) {
    if (error instanceof RangeError) return false
    throw error
  }
}
