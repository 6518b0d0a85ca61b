/** A mean that forgets by time, starting from a prior: additive sufficient statistics (weighted sum, weight), decayed lazily. */

/** Values beyond do not change a mean any more. */
const MOST_WEIGHT = 1e15
/** Milliseconds since 1970: there is no later date. */
const LAST_DATE = 8.64e15

export interface DecayedMeanState {
  readonly sum: number
  readonly weight: number
  readonly at: number
}

export class DecayedMean {
  readonly #prior: { readonly mean: number; readonly strength: number }
  readonly #halfLifeMs: number
  readonly #most: number
  #sum = 0
  #weight = 0
  #at = 0

  /**
   * @param halfLifeMs milliseconds after which a value counts half; Infinity never forgets
   * @param most that a value can be
   */
  constructor(
    prior: { readonly mean: number; readonly strength: number },
    halfLifeMs: number,
    most = Number.MAX_VALUE,
  ) {
    this.#most = most
    this.#prior = prior
    this.#halfLifeMs = halfLifeMs
  }

  /** Values that are not finite or are negative are ignored: one corrupt figure must not poison the mean. */
  add(value: number, now: number): void {
    if (!(value >= 0 && value < Number.POSITIVE_INFINITY)) return
    const kept = this.#keptAt(now)
    this.#sum *= kept
    this.#weight *= kept
    this.#at = Math.max(this.#at, now)
    this.#sum += value
    this.#weight += 1
  }

  /** Changes a value that was added at `at`, by as much as it counts still. What does not fit to what was added is cut. */
  correct(difference: number, at: number): void {
    if (!Number.isFinite(difference)) return
    const left = at < this.#at ? 2 ** ((at - this.#at) / this.#halfLifeMs) : 1
    this.#sum = Math.min(Math.max(this.#sum + difference * left, 0), this.#weight)
  }

  /** The mean at `now`, drawn back to the prior as the evidence fades; NaN where there is neither. */
  mean(now: number): number {
    const { mean, strength } = this.#prior
    const kept = this.#keptAt(now)
    return (this.#sum * kept + mean * strength) / (this.#weight * kept + strength)
  }

  #keptAt(now: number): number {
    return now > this.#at ? 2 ** ((this.#at - now) / this.#halfLifeMs) : 1
  }

  snapshot(): DecayedMeanState {
    return { sum: this.#sum, weight: this.#weight, at: this.#at }
  }

  /** Figures beyond what values can have come to are cut. @returns false, with nothing changed, where they are no figures at all */
  restore(state: DecayedMeanState): boolean {
    const legal = [state.sum, state.weight, state.at].every(figure => Number.isFinite(figure) && figure >= 0)
    if (!legal) return false
    this.#weight = Math.min(state.weight, MOST_WEIGHT)
    this.#sum = Math.min(state.sum, this.#weight * this.#most)
    this.#at = Math.min(state.at, LAST_DATE)
    return true
  }
}
