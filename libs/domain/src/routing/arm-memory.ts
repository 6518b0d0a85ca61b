/** One arm's learned state as plain JSON, and the way back, which trusts nothing that it reads. */
import type { ContextualMemory } from './contextual/contextual-model.ts'
import type { DecayedMeanState } from './decayed-mean.ts'

export interface ArmMemory {
  /** The bandit's statistics of this arm. */
  readonly quality: readonly number[]
  /** Share of calls that the arm answered. */
  readonly reliability: DecayedMeanState
  /** What its answers are worth by what they say of themselves; not in snapshots of before that was learned. */
  readonly soundness?: DecayedMeanState
  readonly outputTokens: DecayedMeanState
  /** What was learned by what prompts look like; not in snapshots of before that was learned. */
  readonly contextual?: ContextualMemory
  /** The latency sketch: its zeros, most of it, folded into run lengths [index, value]. */
  readonly latency: { readonly length: number; readonly filled: readonly (readonly [number, number])[] }
}

/** A sketch has some thousand buckets at most; more is a corrupt file, not an allocation to make. */
const MAX_SKETCH_LENGTH = 100_000

export function foldSketch(snapshot: Float64Array): ArmMemory['latency'] {
  const filled: [number, number][] = []
  snapshot.forEach((value, index) => {
    if (value !== 0) filled.push([index, value])
  })
  return { length: snapshot.length, filled }
}

export function unfoldSketch({ length, filled }: ArmMemory['latency']): Float64Array {
  const snapshot = new Float64Array(length)
  for (const [index, value] of filled) snapshot[index] = value
  return snapshot
}

/** @returns null where it is not a memory of this shape */
export function readArmMemory(value: unknown): ArmMemory | null {
  if (!isRecord(value)) return null
  const { quality, reliability, outputTokens, latency } = value
  if (!isNumbers(quality) || !isMean(reliability) || !isMean(outputTokens) || !isRecord(latency)) return null
  const { length, filled } = latency
  if (typeof length !== 'number' || !(length >= 0 && length <= MAX_SKETCH_LENGTH)) return null
  if (!Array.isArray(filled) || !filled.every(isNumbers)) return null
  if (value.soundness !== undefined && !isMean(value.soundness)) return null
  if (value.contextual !== undefined && !isContextual(value.contextual)) return null
  return value as unknown as ArmMemory
}

function isContextual(value: unknown): boolean {
  if (!isRecord(value) || !isNumbers(value.quality) || !isRecord(value.amount)) return false
  const { regression, squaredError, answers, mean } = value.amount
  const { changes } = value
  if (changes !== undefined && !(isRecord(changes) && isNumbers([changes.quality, changes.amount])))
    return false
  return isNumbers(regression) && isNumbers([squaredError, answers, mean])
}

function isMean(value: unknown): boolean {
  return isRecord(value) && isNumbers([value.sum, value.weight, value.at])
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isNumbers(value: unknown): value is readonly number[] {
  return Array.isArray(value) && value.every(figure => Number.isFinite(figure))
}
