/**
 * Keeps something to a share of the requests: a bucket that fills by the share with each request, and pays one for each that has it.
 * Of any n requests in a row at most `share * n + 10` have it.
 */

/** What may be saved up. */
const MOST_SAVED = 10

export class ShareCap {
  readonly #share: number
  #saved = 0

  /** @param share of the requests, in [0, 1] */
  constructor(share: number) {
    this.#share = share
  }

  /** Whether the next request may have it. */
  get allows(): boolean {
    return this.#saved >= 1
  }

  /** A request was decided. @param had whether it has it */
  count(had: boolean): void {
    this.#saved = Math.min(this.#saved + this.#share, MOST_SAVED) - (had ? 1 : 0)
  }
}
