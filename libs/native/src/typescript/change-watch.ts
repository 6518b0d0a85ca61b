/**
 * Notices that a stream of targets has changed: the cumulative sum of surprises, either way (Page 1954; for bandits, Liu, Lee &
 * Shroff 2018). The Rust twin is `atp_math::change_watch`.
 */

/** What each surprise must exceed to count, in deviations: changes of twice as much are found soonest. */
const DRIFT = 0.5
/** No single surprise counts for more: one odd answer is no change. */
const MOST = 2

export class ChangeWatch {
  #fallen = 0
  #risen = 0

  /**
   * Takes a surprise, in deviations from what was expected. @returns whether they add up to more than `threshold`; then it starts
   * anew
   */
  notices(surprise: number, threshold: number): boolean {
    const clipped = Math.min(Math.max(surprise, -MOST), MOST)
    this.#fallen = Math.max(this.#fallen - clipped - DRIFT, 0)
    this.#risen = Math.max(this.#risen + clipped - DRIFT, 0)
    const noticed = this.#fallen > threshold || this.#risen > threshold
    if (noticed) this.forget()
    return noticed
  }

  forget(): void {
    this.#fallen = 0
    this.#risen = 0
  }
}
