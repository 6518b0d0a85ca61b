import { describe, expect, it } from 'vitest'
import type { Bandit, StrategyName } from '../src/index.ts'
import { fastest } from './implementations.ts'
import { TestRandom } from './randomness.ts'

/** Not chosen for their luck: `thompson` also held its bar on 200 of 200 seeds, the worst at 93.9%. */
const SEEDS = Array.from({ length: 20 }, (_, seed) => seed)

/** A bandit that plays against Bernoulli arms, a decision every `intervalMs`. */
class Game {
  readonly #bandit: Bandit
  readonly #random: TestRandom
  readonly #strategy: StrategyName
  readonly #weights: Float64Array
  readonly #penalties: Float64Array
  readonly #qualities: Float64Array
  readonly #intervalMs: number
  #played = 0

  constructor(options: {
    readonly strategy: StrategyName
    readonly seed: number
    readonly arms: number
    readonly prior: number
    readonly halfLifeMs: number
    readonly windowMs: number
    readonly intervalMs: number
  }) {
    const { halfLifeMs, windowMs } = options
    this.#bandit = fastest.createBandit({ halfLifeMs, windowMs })
    for (let arm = 0; arm < options.arms; arm += 1) {
      this.#bandit.addArm(fastest.hash64(`arm ${arm}`)[1], options.prior, options.prior)
    }
    this.#random = new TestRandom(options.seed)
    this.#strategy = options.strategy
    this.#intervalMs = options.intervalMs
    this.#weights = new Float64Array(options.arms).fill(1)
    this.#penalties = new Float64Array(options.arms)
    this.#qualities = new Float64Array(options.arms)
  }

  /** One decision and its reward. @returns the arm */
  play(means: readonly number[]): number {
    const now = this.#played * this.#intervalMs
    this.#played += 1
    const [hi, lo] = [this.#random.integer(2 ** 32), this.#random.integer(2 ** 32)]
    const arm = this.#bandit.select(
      this.#strategy,
      hi,
      lo,
      now,
      this.#weights,
      this.#penalties,
      this.#qualities,
    )
    this.#bandit.update(arm, this.#random.uniform() < (means[arm] as number) ? 1 : 0, now)
    return arm
  }
}

const FOREVER = { halfLifeMs: Number.POSITIVE_INFINITY, windowMs: Number.MAX_VALUE, intervalMs: 1 }
const ONE_GOOD = [0.8, 0.8, 0.9, 0.8]

describe('Bernoulli 0.9 against three at 0.8, nothing forgotten', () => {
  it('thompson gives the best arm more than 90% of the last 1,000 of 5,000 decisions, in each of 20 seeds', () => {
    for (const seed of SEEDS) {
      const game = new Game({ strategy: 'thompson', seed, arms: 4, prior: 1, ...FOREVER })
      let best = 0
      for (let played = 0; played < 5_000; played += 1) {
        if (game.play(ONE_GOOD) === 2 && played >= 4_000) best += 1
      }
      expect(best, `seed ${seed}`).toBeGreaterThan(900)
    }
  })

  it('ucb stays under its published regret bound over 50,000 decisions, with a rising share of the best arm', () => {
    const plays = 50_000
    // Auer et al. 2002, theorem 1: 8 * sum(ln n / gap) + (1 + pi^2 / 3) * sum(gap); choosing at random costs 3,750.
    const bound = 8 * 3 * (Math.log(plays) / 0.1) + (1 + Math.PI ** 2 / 3) * 0.3
    const shares = [0, 0, 0, 0, 0]
    let regret = 0
    for (const seed of SEEDS) {
      const game = new Game({ strategy: 'ucb', seed, arms: 4, prior: 1e-6, ...FOREVER })
      for (let played = 0; played < plays; played += 1) {
        const part = Math.floor((5 * played) / plays)
        if (game.play(ONE_GOOD) === 2) shares[part] = (shares[part] as number) + 5 / plays / SEEDS.length
        else regret += 0.1 / SEEDS.length
      }
    }
    expect(regret).toBeLessThan(bound)
    expect(shares).toEqual(shares.toSorted((a, b) => a - b))
    expect(shares[4]).toBeGreaterThan(0.9)
  })
})

/** Divergence of two Bernoulli distributions. */
function divergence(p: number, q: number): number {
  return p * Math.log(p / q) + (1 - p) * Math.log((1 - p) / (1 - q))
}

describe('against the lower bound of Lai & Robbins (1985): no consistent strategy loses less in the long run', () => {
  const plays = 100_000
  const seeds = SEEDS.slice(0, process.env.ATP_VERIFY === 'full' ? 20 : 8)
  const bound = (3 * 0.1 * Math.log(plays)) / divergence(0.8, 0.9)

  it.each(['thompson', 'klucb'] as const)(
    '%s loses at most 1.5 times as much by 100,000 plays, in the mean of the seeds',
    strategy => {
      let regret = 0
      let last = 0
      for (const seed of seeds) {
        const game = new Game({ strategy, seed, arms: 4, prior: 1, ...FOREVER })
        for (let played = 0; played < plays; played += 1) {
          const best = game.play(ONE_GOOD) === 2
          if (!best) regret += 0.1 / seeds.length
          if (best && played >= plays - 1_000) last += 1 / seeds.length
        }
      }
      expect(regret).toBeLessThan(1.5 * bound)
      expect(last).toBeGreaterThan(900)
    },
  )

  it('klucb gives the best arm more than 90% of the last 1,000 of 5,000 decisions, in the mean of 20 seeds', () => {
    let best = 0
    for (const seed of SEEDS) {
      const game = new Game({ strategy: 'klucb', seed, arms: 4, prior: 1, ...FOREVER })
      for (let played = 0; played < 5_000; played += 1) {
        if (game.play(ONE_GOOD) === 2 && played >= 4_000) best += 1 / SEEDS.length
      }
    }
    expect(best).toBeGreaterThan(900)
  })
})

const PER_HALF_LIFE = 6_000
const WARM_UP = 4 * PER_HALF_LIFE

/** Half-lives, or windows, after the drift until the best arm has had 80% of 200 decisions in a row. */
function recovery(
  strategy: StrategyName,
  seed: number,
  before: readonly number[],
  after: readonly number[],
): number {
  const game = new Game({
    strategy,
    seed,
    arms: before.length,
    prior: 1,
    halfLifeMs: 600_000,
    windowMs: 600_000,
    intervalMs: 100,
  })
  for (let played = 0; played < WARM_UP; played += 1) game.play(before)
  const best = after.indexOf(Math.max(...after))
  const hits: number[] = []
  let share = 0
  for (let played = 0; played < 6 * PER_HALF_LIFE; played += 1) {
    hits.push(game.play(after) === best ? 1 / 200 : 0)
    share += (hits[played] as number) - (hits[played - 200] ?? 0)
    if (share > 0.8 - 1e-9) return (played + 1) / PER_HALF_LIFE
  }
  return Number.POSITIVE_INFINITY
}

describe.each(['thompson', 'ucb', 'klucb', 'swucb'] as const)(
  '%s unlearns drift (half-life or window 10 min, 10 requests/s, 20 seeds)',
  strategy => {
    it('within 2 of them when the best arm falls from 0.9 to 0.7, below the runner-up at 0.8', () => {
      for (const seed of SEEDS) {
        expect(
          recovery(strategy, seed, [0.9, 0.8, 0.6, 0.6], [0.7, 0.8, 0.6, 0.6]),
          `seed ${seed}`,
        ).toBeLessThan(2)
      }
    })

    it('within 5 of them when an arm that is hardly played rises from 0.7 to 0.9, above the best at 0.8', () => {
      for (const seed of SEEDS) {
        expect(
          recovery(strategy, seed, [0.8, 0.7, 0.7, 0.7], [0.8, 0.9, 0.7, 0.7]),
          `seed ${seed}`,
        ).toBeLessThan(5)
      }
    })
  },
)
