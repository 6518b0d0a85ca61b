/**
 * An arm's successes and failures: additive sufficient statistics of its Beta posterior, decayed by time and, beside that, within
 * a window of time. Decay is lazy: the decayed sums are those of `time`, and are weighed down when they are touched or read.
 */
import { pow2 } from './elementary.ts'
import {
  areLegalOfWindow,
  EVIDENCE_MAX,
  EvidenceWindow,
  isEvidence,
  WINDOW_FIGURES,
} from './evidence-window.ts'

/** Figures of the decayed sums in a snapshot: successes, failures, time. Snapshots of version 1 have no others. */
export const DECAYED_FIGURES = 3
/** Figures an arm takes in a snapshot. */
export const ARM_FIGURES = DECAYED_FIGURES + WINDOW_FIGURES

export class ArmStatistics {
  readonly hash: number
  readonly priorAlpha: number
  readonly priorBeta: number
  successes = 0
  failures = 0
  /** Milliseconds of the latest observation. */
  time = 0
  readonly window: EvidenceWindow

  constructor(hash: number, priorAlpha: number, priorBeta: number, windowMs: number) {
    this.hash = hash
    this.priorAlpha = priorAlpha
    this.priorBeta = priorBeta
    this.window = new EvidenceWindow(windowMs)
  }

  /** What evidence seen at `time` weighs at `now`: 1/2 a half-life, and 1 where `now` is earlier. */
  weightAt(now: number, halfLifeMs: number): number {
    return now > this.time ? pow2((this.time - now) / halfLifeMs) : 1
  }

  add(successes: number, failures: number, time: number, halfLifeMs: number): void {
    this.#addDecayed(successes, failures, time, halfLifeMs)
    this.window.add(successes, failures, time)
  }

  /**
   * Adds another replica's figures of the same arm, its decayed sums brought to the later of the two times. They must be legal
   * and mergeable.
   */
  merge(figures: Float64Array, halfLifeMs: number): void {
    const time = figures[2] as number
    const kept = time < this.time ? pow2((time - this.time) / halfLifeMs) : 1
    this.#addDecayed((figures[0] as number) * kept, (figures[1] as number) * kept, time, halfLifeMs)
    if (hasWindow(figures)) this.window.merge(figures, DECAYED_FIGURES)
  }

  /** Buckets add up only where they are as wide. */
  isMergeable(figures: Float64Array): boolean {
    return !hasWindow(figures) || this.window.isAsLongAs(figures, DECAYED_FIGURES)
  }

  /** Writes [successes, failures, time, then the figures of the window]. */
  write(figures: Float64Array, at: number): void {
    figures[at] = this.successes
    figures[at + 1] = this.failures
    figures[at + 2] = this.time
    this.window.write(figures, at + DECAYED_FIGURES)
  }

  /**
   * Takes the figures over, or forgets everything where they are illegal. Without figures of a window, or with those of one of
   * another length, the window is empty. @returns whether they were legal
   */
  read(figures: Float64Array): boolean {
    const legal = areLegal(figures)
    this.successes = legal ? (figures[0] as number) : 0
    this.failures = legal ? (figures[1] as number) : 0
    this.time = legal ? (figures[2] as number) : 0
    if (legal && hasWindow(figures)) this.window.read(figures, DECAYED_FIGURES)
    else this.window.clear()
    return legal
  }

  #addDecayed(successes: number, failures: number, time: number, halfLifeMs: number): void {
    const kept = this.weightAt(time, halfLifeMs)
    this.successes = Math.min(this.successes * kept + successes, EVIDENCE_MAX)
    this.failures = Math.min(this.failures * kept + failures, EVIDENCE_MAX)
    this.time = Math.max(this.time, time)
  }
}

export function areLegal(figures: Float64Array): boolean {
  const time = figures[2] as number
  return (
    isEvidence(figures[0] as number) &&
    isEvidence(figures[1] as number) &&
    time >= 0 &&
    time <= Number.MAX_VALUE &&
    (!hasWindow(figures) || areLegalOfWindow(figures, DECAYED_FIGURES))
  )
}

function hasWindow(figures: Float64Array): boolean {
  return figures.length === ARM_FIGURES
}
