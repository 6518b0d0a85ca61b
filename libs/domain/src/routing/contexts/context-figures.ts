/** What one context has seen of each arm, as the bandits read and write it, and as plain JSON by the arms' names. */
import type { ArmId } from '@atp/core/ids'
import { CONTEXT_FIGURES } from '@atp/native'

/** Of each arm [version, successes, failures, time, weight, residuals, time]: see `CONTEXT_FIGURES`. */
export type ContextMemory = Readonly<Record<string, readonly number[]>>

export const MEMORY_VERSION = 1
/** The bandits refuse more. */
const SUM_MAX = 1e15

export class ContextFigures {
  readonly #halfLifeMs: number
  /** Shared by all contexts: each arm's place. It grows. */
  readonly #arms: readonly ArmId[]
  #qualities: Float64Array = new Float64Array(0)
  #residuals: Float64Array = new Float64Array(0)
  /** Of arms that are not registered now: kept for the day they come back. */
  #dormant: Record<string, readonly number[]> | null = null

  constructor(arms: readonly ArmId[], halfLifeMs: number) {
    this.#arms = arms
    this.#halfLifeMs = halfLifeMs
  }

  /** For `Bandit`. */
  get qualities(): Float64Array {
    if (this.#qualities.length !== this.#length) this.#qualities = this.#grown(this.#qualities, 1)
    return this.#qualities
  }

  /** For the `LinearBandit` of qualities. */
  get residuals(): Float64Array {
    if (this.#residuals.length !== this.#length) this.#residuals = this.#grown(this.#residuals, 4)
    return this.#residuals
  }

  clone(): ContextFigures {
    const clone = new ContextFigures(this.#arms, this.#halfLifeMs)
    clone.#qualities = this.#qualities.slice()
    clone.#residuals = this.#residuals.slice()
    clone.#dormant = this.#dormant
    return clone
  }

  /** Adds what was remembered. What is illegal is left out. @returns whether all was legal */
  merge(memory: Readonly<Record<string, unknown>>): boolean {
    let legal = true
    for (const [id, figures] of Object.entries(memory)) {
      const arm = this.#arms.indexOf(id as ArmId)
      if (!isLegal(figures)) legal = false
      else if (arm < 0) this.#dormant = { ...this.#dormant, [id]: figures }
      else {
        this.#add(this.qualities, arm, figures, 1)
        if (figures[4] !== 0) this.#add(this.residuals, arm, figures, 4)
      }
    }
    return legal
  }

  /** @returns false where some of it is illegal: then nothing is replaced */
  replace(memory: ContextMemory): boolean {
    if (!isLegalMemory(memory)) return false
    this.#dormant = null
    this.#qualities = new Float64Array(0)
    this.#residuals = new Float64Array(0)
    return this.merge(memory)
  }

  /** Only arms of which something was seen. */
  snapshot(): ContextMemory {
    const memory: Record<string, readonly number[]> = { ...this.#dormant }
    for (const [arm, id] of this.#arms.entries()) {
      const at = CONTEXT_FIGURES * arm
      const figures = [0, 1, 2].map(k => this.#qualities[at + k] ?? 0)
      figures.push(...[0, 1, 2].map(k => this.#residuals[at + k] ?? 0))
      if (figures.some(figure => figure !== 0)) memory[id] = [MEMORY_VERSION, ...figures]
    }
    return memory
  }

  get #length(): number {
    return CONTEXT_FIGURES * this.#arms.length
  }

  /** A newcomer may have been remembered. @param from where the array's figures are in a memory */
  #grown(figures: Float64Array, from: number): Float64Array {
    const grown = new Float64Array(this.#length)
    grown.set(figures)
    if (this.#dormant !== null) {
      for (let arm = figures.length / CONTEXT_FIGURES; arm < this.#arms.length; arm += 1) {
        const remembered = this.#dormant[this.#arms[arm] as ArmId]
        if (remembered !== undefined) grown.set(remembered.slice(from, from + 3), CONTEXT_FIGURES * arm)
      }
    }
    return grown
  }

  /** Both brought to the later of the two times: commutative up to rounding. */
  #add(into: Float64Array, arm: number, figures: readonly number[], from: number): void {
    const at = CONTEXT_FIGURES * arm
    const [mine, theirs] = [into[at + 2] as number, figures[from + 2] as number]
    const later = Math.max(mine, theirs)
    const kept = (sum: number, time: number) =>
      sum === 0 ? 0 : sum * 2 ** ((time - later) / this.#halfLifeMs)
    for (const k of [0, 1]) {
      const sum = kept(into[at + k] as number, mine) + kept(figures[from + k] as number, theirs)
      into[at + k] = Math.min(Math.max(sum, -SUM_MAX), SUM_MAX)
    }
    into[at + 2] = later
  }
}

export function isLegalMemory(memory: unknown): memory is ContextMemory {
  return typeof memory === 'object' && memory !== null && Object.values(memory).every(isLegal)
}

function isLegal(figures: unknown): figures is readonly number[] {
  if (!Array.isArray(figures) || figures.length !== 7 || figures[0] !== MEMORY_VERSION) return false
  if (!figures.every(figure => Number.isFinite(figure) && Math.abs(figure) <= Number.MAX_VALUE)) return false
  const [, successes, failures, time, weight, , latest] = figures as number[]
  const counts = [successes, failures, weight] as number[]
  return counts.every(sum => sum >= 0 && sum <= SUM_MAX) && (time as number) >= 0 && (latest as number) >= 0
}
