/**
 * Keeps spend under a mean budget a request, without cliffs.
 *
 * A price on money turns the budget into a term of the utility: the arm with the most of `utility - price * cost` is chosen
 * (primal-dual pacing, Badanidiyuru et al. 2013). The price is not followed by gradient steps but solved for: it is the lowest
 * at which the last requests would have kept the budget, by what was believed when they came (re-solving, Jasin & Kumar 2012).
 * So it moves soon when a price, a belief or the traffic does.
 *
 * Beliefs err, so a bucket is the hard limit: it fills by one budget a request, holds twenty, and an arm that costs more than
 * a budget must find its cost in it. Over any run of n requests spend is thus at most n + 20 budgets, and what single answers
 * cost beyond what was expected of them.
 */

/** Budgets that the bucket holds: what may be saved up for a dear answer. */
const BUCKET_BUDGETS = 20
/** Of the bucket, at the start: nothing was saved yet, and something should be there to explore with. */
const FILLED_AT_START = 0.5
/** Requests that the price is solved on. */
const REQUESTS = 150
/** Decisions between two solutions. */
const SOLVE_EVERY = 10
/** Bisections of the price: it is found to a billionth of the dearest worth asking for. */
const BISECTIONS = 30
/** The price at which a whole unit of utility is worth a hundredth of a budget: dearer decides nothing any more. */
const DEAREST = 100
/** While the bucket is empty only arms are asked that cost less than this share of a budget, so that it fills again. */
const FRUGAL = 0.95

/** What is believed of one arm for one request. */
export interface ArmForecast {
  /** What its answer is worth, whatever the budget. */
  readonly utility: number
  readonly costUsd: number
}

/** What one arm costs. */
export interface PricedArm {
  /** What this answer is expected to cost, US dollars. */
  readonly costUsd: number
  /** What the arm's answers cost on average. */
  readonly meanUsd: number
}

export class BudgetPacer {
  readonly #budget: number
  readonly #requests: (readonly ArmForecast[])[] = []
  #oldest = 0
  #sinceSolved = 0
  #price = 0
  #bucket: number

  /** @param budgetUsd mean US dollars a request */
  constructor(budgetUsd: number) {
    this.#budget = budgetUsd
    this.#bucket = FILLED_AT_START * BUCKET_BUDGETS * budgetUsd
  }

  /** Utility that a US dollar must bring to be worth it. */
  get price(): number {
    return this.#price
  }

  /** A request came: the bucket fills, and from time to time the price is solved anew. @param arms that may answer it */
  arrive(arms: readonly ArmForecast[]): void {
    this.#bucket = Math.min(this.#bucket + this.#budget, BUCKET_BUDGETS * this.#budget)
    this.#remember(arms)
    this.#sinceSolved += 1
    if (this.#sinceSolved < SOLVE_EVERY) return
    this.#sinceSolved = 0
    this.#price = this.#solve()
  }

  /** Which of the arms may be asked now. The cheapest may always: a request is served. */
  bears(arms: readonly PricedArm[]): boolean[] {
    const cheapest = Math.min(...arms.map(({ costUsd }) => costUsd))
    return arms.map(({ costUsd, meanUsd }) => costUsd === cheapest || this.affords(costUsd, meanUsd))
  }

  /**
   * Whether what was saved up is enough.
   * @param cost what this answer is expected to cost, US dollars
   * @param meanCost what the arm's answers cost on average
   */
  affords(cost: number, meanCost: number): boolean {
    if (this.#bucket <= 0) return meanCost <= FRUGAL * this.#budget
    return cost <= this.#budget || cost <= this.#bucket
  }

  /** An answer was paid for, or will be: what it cost in the end, less what was said before, follows. */
  spend(costUsd: number): void {
    this.#bucket -= costUsd
  }

  #remember(arms: readonly ArmForecast[]): void {
    if (this.#requests.length < REQUESTS) this.#requests.push(arms)
    else {
      this.#requests[this.#oldest] = arms
      this.#oldest = (this.#oldest + 1) % REQUESTS
    }
  }

  #solve(): number {
    const requests = this.#requests
    const meanSpend = (price: number): number =>
      requests.reduce((sum, arms) => sum + costOfBest(arms, price), 0) / requests.length
    if (meanSpend(0) <= this.#budget) return 0
    let low = 0
    let high = DEAREST / this.#budget
    for (let step = 0; step < BISECTIONS; step += 1) {
      const middle = (low + high) / 2
      if (meanSpend(middle) > this.#budget) low = middle
      else high = middle
    }
    return high
  }
}

/** What is paid where the arm with the most of `utility - price * cost` is asked. */
function costOfBest(arms: readonly ArmForecast[], price: number): number {
  let cost = 0
  let most = Number.NEGATIVE_INFINITY
  for (const arm of arms) {
    const utility = arm.utility - price * arm.costUsd
    if (utility > most) {
      most = utility
      cost = arm.costUsd
    }
  }
  return cost
}
