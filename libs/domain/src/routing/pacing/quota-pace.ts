/**
 * A mean budget a request out of quotas of money: what is left of each, spread over the requests that are expected until it begins
 * anew (re-solving, Jasin & Kumar 2012). Where requests are paid with it, a quota runs out evenly in time, however wrong what is
 * expected of traffic or costs: whoever ran ahead has less to spread.
 */

/** Milliseconds after which a request counts half in how many are expected: a burst is no day's traffic, but an hour tells of the next. */
const HALF_LIFE_MS = 3_600_000
/** Of a Poisson process that is as steady, so many milliseconds of requests are counted. */
const MEMORY_MS = HALF_LIFE_MS / Math.LN2
/** No fewer are ever expected: a single answer must not be worth all that is left. */
const FEWEST_REQUESTS = 10
/** US dollars; less pays for nothing, and prices stay finite. */
const LEAST_BUDGET_USD = 1e-9

/** What a limiter said of a quota of money. */
export interface QuotaLeft {
  readonly remainingUsd: number
  /** Milliseconds until it begins anew. */
  readonly resetMs: number
}

export class QuotaPace {
  /** Requests by all who share the quotas come so many times as often as they are counted here. */
  readonly #replicas: () => number
  #quotas: readonly { readonly remainingUsd: number; readonly resetAt: number }[] = []
  #count = 0
  #countedAt = 0

  constructor(replicas: () => number) {
    this.#replicas = replicas
  }

  /** @param now monotonic milliseconds, like all that follow */
  told(quotas: readonly QuotaLeft[], now: number): void {
    this.#quotas = quotas.map(({ remainingUsd, resetMs }) => ({ remainingUsd, resetAt: now + resetMs }))
  }

  arrive(now: number): void {
    this.#count = this.#countAt(now) + 1
    this.#countedAt = now
  }

  /** Mean US dollars a request; null where no quota is known that still runs. */
  budgetUsd(now: number): number | null {
    let least: number | null = null
    for (const { remainingUsd, resetAt } of this.#quotas) {
      if (resetAt <= now) continue
      const expected = (this.#replicas() * this.#countAt(now) * (resetAt - now)) / MEMORY_MS
      const budget = Math.max(remainingUsd / Math.max(expected, FEWEST_REQUESTS), LEAST_BUDGET_USD)
      least = least === null ? budget : Math.min(least, budget)
    }
    return least
  }

  #countAt(now: number): number {
    return this.#count * 2 ** ((this.#countedAt - now) / HALF_LIFE_MS)
  }
}
