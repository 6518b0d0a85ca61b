/**
 * Keeps spend under a mean budget a request, without cliffs.
 *
 * A price on money turns the budget into a term of the utility: the arm with the most of `quality - price * cost` is chosen
 * (primal-dual pacing, Badanidiyuru et al. 2013). The price is not followed by gradient steps but solved for: on the contexts
 * of the last few hundred requests, with what is believed now, it is the lowest at which they would have kept the budget
 * (re-solving, Jasin & Kumar 2012). So it moves at once when a price, a belief or the traffic does.
 *
 * Beliefs err, so a bucket is the hard limit: it fills by one budget a request, holds twenty, and an arm that costs more than
 * a budget must find its cost in it. Over any run of n requests spend is thus at most n + 20 budgets, and what single answers
 * cost beyond what was expected of them.
 */

/** Budgets that the bucket holds: what may be saved up for a dear answer. */
const BUCKET_BUDGETS = 20
/** Of the bucket, at the start: nothing was saved yet, and something should be there to explore with. */
const FILLED_AT_START = 0.5
/** Contexts that the price is solved on. */
const CONTEXTS = 300
/** Decisions between two solutions. */
const SOLVE_EVERY = 10
/** Bisections of the price: it is found to a billionth of the dearest worth asking for. */
const BISECTIONS = 30
/** The price at which a whole unit of quality is worth a hundredth of a budget: dearer decides nothing any more. */
const DEAREST = 100
/** While the bucket is empty only arms are asked that cost less than this share of a budget, so that it fills again. */
const FRUGAL = 0.95

/** What is believed of one arm for one context. */
export interface ArmForecast {
  /** In [0, 1], as far as it is known. */
  readonly quality: number
  /** US dollars of an answer. */
  readonly cost: number
}

export class BudgetPacer<Context> {
  readonly #budget: number
  readonly #forecast: (context: Context) => readonly ArmForecast[]
  readonly #contexts: Context[] = []
  #oldest = 0
  #sinceSolved = 0
  #price = 0
  #bucket: number

  /**
   * @param budgetUsd mean US dollars a request
   * @param forecast what is believed now of each arm for a context, in a fixed order of arms
   */
  constructor(budgetUsd: number, forecast: (context: Context) => readonly ArmForecast[]) {
    this.#budget = budgetUsd
    this.#forecast = forecast
    this.#bucket = FILLED_AT_START * BUCKET_BUDGETS * budgetUsd
  }

  /** Quality that a US dollar must bring to be worth it. */
  get price(): number {
    return this.#price
  }

  /** A request came: the bucket fills, and from time to time the price is solved anew. */
  arrive(context: Context): void {
    this.#bucket = Math.min(this.#bucket + this.#budget, BUCKET_BUDGETS * this.#budget)
    this.#remember(context)
    this.#sinceSolved += 1
    if (this.#sinceSolved < SOLVE_EVERY) return
    this.#sinceSolved = 0
    this.#price = this.#solve()
  }

  /**
   * Whether an arm may be asked now. The cheapest may always: a request is served.
   * @param cost what this answer is expected to cost, US dollars
   * @param meanCost what the arm's answers cost on average
   */
  affords(cost: number, meanCost: number): boolean {
    if (this.#bucket <= 0) return meanCost <= FRUGAL * this.#budget
    return cost <= this.#budget || cost <= this.#bucket
  }

  /** An answer was paid for. */
  spend(costUsd: number): void {
    this.#bucket -= costUsd
  }

  #remember(context: Context): void {
    if (this.#contexts.length < CONTEXTS) this.#contexts.push(context)
    else {
      this.#contexts[this.#oldest] = context
      this.#oldest = (this.#oldest + 1) % CONTEXTS
    }
  }

  #solve(): number {
    const forecasts = this.#contexts.map(this.#forecast)
    const meanSpend = (price: number): number =>
      forecasts.reduce((sum, arms) => sum + costOfBest(arms, price), 0) / forecasts.length
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

/** What is paid where the arm with the most of `quality - price * cost` is asked. */
function costOfBest(arms: readonly ArmForecast[], price: number): number {
  let cost = 0
  let most = Number.NEGATIVE_INFINITY
  for (const arm of arms) {
    const utility = arm.quality - price * arm.cost
    if (utility > most) {
      most = utility
      cost = arm.cost
    }
  }
  return cost
}
