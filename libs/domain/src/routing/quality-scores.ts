/**
 * What is believed of each arm's quality for a request, and the choice that follows: by each arm's posterior alone, or by what the
 * prompt looks like. Arrays are by the arm's index and reused by every plan: nothing on the hot path grows with the traffic.
 */
import type { StrategyName } from '@atp/native'
import type { ContextFigures } from './contexts/context-figures.ts'
import { EXPLORATION } from './contextual/contextual-model.ts'
import type { LearnedState } from './learned-state.ts'
import type { Candidate, RoutingRequest } from './request.ts'

type QualityEstimate = Pick<Candidate['estimate'], 'qualityMean' | 'qualityDeviation' | 'alpha' | 'beta'>

export class QualityScores {
  readonly #learned: LearnedState
  /** What a unit of each arm's quality is worth. */
  weights = new Float64Array(0)
  /** What is taken from it; infinity where an arm is no candidate. */
  penalties = new Float64Array(0)
  /** Written by `choose`: what the strategy takes each candidate's quality for. */
  qualities = new Float64Array(0)
  /** Tokens that each arm is expected to write, by the prompt. */
  lengths = new Float64Array(0)
  #posteriors = new Float64Array(0)
  #means = new Float64Array(0)
  #deviations = new Float64Array(0)
  /** Of the tenant and its task; null for the parent of all. */
  #context: ContextFigures | null = null

  constructor(learned: LearnedState) {
    this.#learned = learned
  }

  /** Reads what is believed now; before anything else. All arms must be known to the learned state. */
  begin(request: RoutingRequest, now: number): void {
    const { features } = request
    const { bandit, contextual, contexts } = this.#learned
    this.#makeRoom(bandit.size)
    this.penalties.fill(Number.POSITIVE_INFINITY)
    this.#context = contexts.find(request)
    if (features === null) bandit.posteriors(now, this.#posteriors, this.#context?.qualities)
    else {
      const own = this.#context?.residuals
      contextual.qualities.estimate(now, features, this.#means, this.#deviations, own)
      contextual.amounts.expect(now, features, this.lengths)
    }
  }

  estimate(index: number, { features }: RoutingRequest): QualityEstimate {
    if (features !== null) {
      const qualityDeviation = EXPLORATION * (this.#deviations[index] as number)
      return { qualityMean: this.#means[index] as number, qualityDeviation, alpha: null, beta: null }
    }
    const alpha = this.#posteriors[2 * index] as number
    const beta = this.#posteriors[2 * index + 1] as number
    return { qualityMean: alpha / (alpha + beta), qualityDeviation: null, alpha, beta }
  }

  /** @returns the index of the arm to ask, or -1 where there is no candidate */
  choose(
    { features }: RoutingRequest,
    rule: StrategyName,
    [hi, lo]: readonly [number, number],
    now: number,
  ): number {
    const { bandit, contextual } = this.#learned
    const { weights, penalties, qualities } = this
    if (features === null) {
      const own = this.#context?.qualities
      return bandit.select(rule, hi, lo, now, weights, penalties, qualities, own)
    }
    const own = this.#context?.residuals
    return contextual.qualities.select(rule, hi, lo, now, features, weights, penalties, qualities, own)
  }

  #makeRoom(size: number): void {
    if (this.penalties.length === size) return
    this.weights = new Float64Array(size)
    this.penalties = new Float64Array(size)
    this.qualities = new Float64Array(size)
    this.lengths = new Float64Array(size)
    this.#posteriors = new Float64Array(2 * size)
    this.#means = new Float64Array(size)
    this.#deviations = new Float64Array(size)
  }
}
