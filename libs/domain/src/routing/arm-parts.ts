/** What is remembered of an arm as sums that add up across replicas, and the way back. */
import type { Part, Parts } from '../replication/part.ts'
import { type ArmMemory, foldSketch, unfoldSketch } from './arm-memory.ts'
import { UNSEEN } from './contextual/amount-model.ts'
import type { ContextualMemory } from './contextual/contextual-model.ts'
import type { DecayedMeanState } from './decayed-mean.ts'

/** Milliseconds, Infinity where nothing is forgotten. */
export interface HalfLives {
  readonly halfLifeMs: number
  readonly reliabilityHalfLifeMs: number
}

/** Of a regression's figures: [version, dimension, epoch, weight, squares, moment, lower triangle of the gram matrix]. */
const REGRESSION_VERSION = 1
const [DIMENSION_AT, EPOCH_AT] = [1, 2]
/** Weight, squares: no sum of what is squared is negative, and rounding must not make it so. */
const SCALARS = 2
/** Of a sketch's: [version, latest, landmark, first bucket, weights]. */
const [LATEST_AT, LANDMARK_AT, FIRST_AT, WEIGHTS_AT] = [1, 2, 3, 4]

export function partsOf(memory: ArmMemory, { halfLifeMs, reliabilityHalfLifeMs }: HalfLives): Parts {
  const [, successes = 0, failures = 0, at = 0] = memory.quality
  const parts = new Map<string, Part>([
    ['quality', part(halfLifeMs, at, [successes, failures])],
    ['reliability', meanPart(memory.reliability, reliabilityHalfLifeMs)],
    ['tokens', meanPart(memory.outputTokens, halfLifeMs)],
    ['latency', latencyPart(memory.latency, halfLifeMs)],
  ])
  if (memory.soundness !== undefined) parts.set('soundness', meanPart(memory.soundness, halfLifeMs))
  if (memory.contextual !== undefined) {
    const { quality, amount, changes = UNCHANGED } = memory.contextual
    const { answers, mean, squaredError } = amount
    parts.set(
      named('regression', quality[DIMENSION_AT]),
      regressionPart(quality, changes.quality, halfLifeMs),
    )
    parts.set(
      named('lengths', quality[DIMENSION_AT]),
      regressionPart(amount.regression, changes.amount, halfLifeMs),
    )
    parts.set('errors', part(Number.POSITIVE_INFINITY, 0, [answers, answers * mean, answers * squaredError]))
  }
  return new Map([...parts].filter(([, { figures }]) => figures.some(figure => figure !== 0)))
}

/**
 * @param before of the same arm, for what is no evidence
 * @param dimension of the features that are learned with: what was learned with others is left out
 */
export function memoryOf(parts: Parts, before: ArmMemory, dimension: number): ArmMemory {
  const { at, figures } = parts.get('quality') ?? NO_PART
  const contextual = contextualOf(parts, dimension)
  return {
    quality: [before.quality[0] as number, ...atLeast0(figures, 2), at],
    reliability: meanOf(parts.get('reliability')),
    soundness: meanOf(parts.get('soundness')),
    outputTokens: meanOf(parts.get('tokens')),
    latency: latencyOf(parts.get('latency'), before.latency),
    ...(contextual === null ? {} : { contextual }),
  }
}

const UNCHANGED = { quality: 0, amount: 0 }
const NO_PART: Part = part(Number.POSITIVE_INFINITY, 0, [])

/** Replicas that look at prompts in other ways do not add up. */
function named(name: string, dimension: number | undefined): string {
  return `${name}/${dimension}`
}

function part(halfLifeMs: number, at: number, figures: readonly number[], changes = 0, first = 0): Part {
  return { halfLifeMs, at, changes, first, figures: Float64Array.from(figures) }
}

function meanPart({ sum, weight, at }: DecayedMeanState, halfLifeMs: number): Part {
  return part(halfLifeMs, at, [sum, weight])
}

function meanOf({ at, figures }: Part = NO_PART): DecayedMeanState {
  const [sum, weight] = atLeast0(figures, 2) as [number, number]
  return { sum, weight, at }
}

function regressionPart(snapshot: readonly number[], changes: number, halfLifeMs: number): Part {
  return part(halfLifeMs, snapshot[EPOCH_AT] as number, snapshot.slice(EPOCH_AT + 1), changes)
}

function regressionOf(part: Part | undefined, d: number): number[] {
  const { at, figures } = part ?? NO_PART
  const length = SCALARS + d + (d * (d + 1)) / 2
  const sums = Array.from({ length }, (_, k) => figures[k] ?? 0)
  const notNegative = [0, 1, ...Array.from({ length: d }, (_, row) => SCALARS + d + (row * (row + 3)) / 2)]
  for (const k of notNegative) sums[k] = Math.max(sums[k] as number, 0)
  return [REGRESSION_VERSION, d, at, ...sums]
}

function latencyPart(latency: ArmMemory['latency'], halfLifeMs: number): Part {
  const snapshot = Array.from(unfoldSketch(latency))
  const [landmark = 0, first = 0] = [snapshot[LANDMARK_AT], snapshot[FIRST_AT]]
  return part(halfLifeMs, landmark, snapshot.slice(WEIGHTS_AT), 0, first)
}

function latencyOf(
  { at, first, figures }: Part = NO_PART,
  blank: ArmMemory['latency'],
): ArmMemory['latency'] {
  const header = Array.from(unfoldSketch(blank).subarray(0, WEIGHTS_AT))
  header[LATEST_AT] = Math.max(header[LATEST_AT] as number, at)
  header[LANDMARK_AT] = at
  header[FIRST_AT] = first
  return foldSketch(Float64Array.from([...header, ...atLeast0(figures, figures.length)]))
}

function contextualOf(parts: Parts, dimension: number): ContextualMemory | null {
  const regression = parts.get(named('regression', dimension))
  const lengths = parts.get(named('lengths', dimension))
  if (regression === undefined && lengths === undefined) return null
  const [answers, amounts, squares] = atLeast0((parts.get('errors') ?? NO_PART).figures, 3) as Triple
  return {
    quality: regressionOf(regression, dimension),
    amount: {
      regression: regressionOf(lengths, dimension),
      ...(answers > 0 ? { answers, mean: amounts / answers, squaredError: squares / answers } : UNSEEN),
    },
    changes: { quality: regression?.changes ?? 0, amount: lengths?.changes ?? 0 },
  }
}

type Triple = [number, number, number]

/** A difference of sums may miss 0 by a rounding. */
function atLeast0(figures: Float64Array, length: number): number[] {
  return Array.from({ length }, (_, k) => Math.max(figures[k] ?? 0, 0))
}
