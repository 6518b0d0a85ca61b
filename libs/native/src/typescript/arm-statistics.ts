/**
 * Decayed sums of an arm's successes and failures: additive sufficient statistics of its Beta posterior.
 * Decay is lazy: the sums are those of `time`, and are weighed down when they are touched or read.
 */
import { pow2 } from './elementary.ts'

/** Sums saturate here: beyond, a reward no longer changes a double. */
const EVIDENCE_MAX = 1e15

/** Figures an arm takes in a snapshot. */
export const ARM_FIGURES = 3

export class ArmStatistics {
  readonly hash: number
  readonly priorAlpha: number
  readonly priorBeta: number
  successes = 0
  failures = 0
  /** Milliseconds of the latest observation. */
  time = 0

  constructor(hash: number, priorAlpha: number, priorBeta: number) {
    this.hash = hash
    this.priorAlpha = priorAlpha
    this.priorBeta = priorBeta
  }

  /** What evidence seen at `time` weighs at `now`: 1/2 a half-life, and 1 where `now` is earlier. */
  weightAt(now: number, halfLifeMs: number): number {
    return now > this.time ? pow2((this.time - now) / halfLifeMs) : 1
  }

  add(successes: number, failures: number, time: number, halfLifeMs: number): void {
    const kept = this.weightAt(time, halfLifeMs)
    this.successes = Math.min(this.successes * kept + successes, EVIDENCE_MAX)
    this.failures = Math.min(this.failures * kept + failures, EVIDENCE_MAX)
    this.time = Math.max(this.time, time)
  }

  /** Adds another replica's sums of the same arm, both brought to the later of the two times. */
  merge(figures: Float64Array, at: number, halfLifeMs: number): void {
    const time = figures[at + 2] as number
    const kept = time < this.time ? pow2((time - this.time) / halfLifeMs) : 1
    this.add((figures[at] as number) * kept, (figures[at + 1] as number) * kept, time, halfLifeMs)
  }

  write(figures: Float64Array, at: number): void {
    figures[at] = this.successes
    figures[at + 1] = this.failures
    figures[at + 2] = this.time
  }

  /** Takes the figures over, or forgets everything where they are illegal. @returns whether they were legal */
  read(figures: Float64Array, at: number): boolean {
    const legal = areLegal(figures, at)
    this.successes = legal ? (figures[at] as number) : 0
    this.failures = legal ? (figures[at + 1] as number) : 0
    this.time = legal ? (figures[at + 2] as number) : 0
    return legal
  }
}

export function areLegal(figures: Float64Array, at: number): boolean {
  return (
    isEvidence(figures[at] as number) &&
    isEvidence(figures[at + 1] as number) &&
    isTime(figures[at + 2] as number)
  )
}

function isEvidence(x: number): boolean {
  return x >= 0 && x <= EVIDENCE_MAX
}

function isTime(x: number): boolean {
  return x >= 0 && x <= Number.MAX_VALUE
}
