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
 *
 * A pace is a softer budget: the quota that it comes from is the hard limit. While it is kept at no price nothing is refused, and
 * beyond that it is to be spent: the price is the highest that is too low, and the bucket decides how often the dear arm is asked
 * by those for whom both are as good at that price.
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

/** `bound`: never more is spent. `pace`: no more is spent in the long run, and no less where more brings more. */
export type BudgetKind = 'bound' | 'pace'

export class BudgetPacer {
  readonly #isPace: boolean
  #budget: number
  readonly #requests: (readonly ArmForecast[])[] = []
  #oldest = 0
  #sinceSolved = 0
  #price = 0
  /** Whether the last requests would have spent more than the budget at no price. */
  #binds = false
  #bucket: number

  /** @param budgetUsd mean US dollars a request */
  constructor(budgetUsd: number, kind: BudgetKind = 'bound') {
    this.#isPace = kind === 'pace'
    this.#budget = budgetUsd
    this.#bucket = FILLED_AT_START * BUCKET_BUDGETS * budgetUsd
  }

  /** Utility that a US dollar must bring to be worth it. */
  get price(): number {
    return this.#price
  }

  /** What was saved up, or is owed, stays as many budgets: over n requests still no more than n + 20 of the largest are spent. */
  rebudget(budgetUsd: number): void {
    if (budgetUsd === this.#budget) return
    this.#bucket *= budgetUsd / this.#budget
    this.#budget = budgetUsd
  }

  /** A request came: the bucket fills, and from time to time the price is solved anew. @param arms that may answer it */
  arrive(arms: readonly ArmForecast[]): void {
    this.#bucket = Math.min(this.#bucket + this.#budget, this.#capacity(arms))
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
    if (this.#isPace && !this.#binds) return true
    if (this.#bucket <= 0) return meanCost <= FRUGAL * this.#budget
    return cost <= this.#budget || cost <= this.#bucket
  }

  /** An answer was paid for, or will be: what it cost in the end, less what was said before, follows. */
  spend(costUsd: number): void {
    this.#bucket -= costUsd
    // Nothing was refused: nothing is owed when it must be.
    if (this.#isPace && !this.#binds) this.#bucket = Math.max(this.#bucket, 0)
  }

  /** A pace puts no arm out of reach for good. */
  #capacity(arms: readonly ArmForecast[]): number {
    const capacity = BUCKET_BUDGETS * this.#budget
    return this.#isPace ? arms.reduce((most, { costUsd }) => Math.max(most, costUsd), capacity) : capacity
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
    this.#binds = meanSpend(0) > this.#budget
    if (!this.#binds) return 0
    let low = 0
    let high = DEAREST / this.#budget
    for (let step = 0; step < BISECTIONS; step += 1) {
      const middle = (low + high) / 2
      if (meanSpend(middle) > this.#budget) low = middle
      else high = middle
    }
    return this.#isPace ? low : high
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
