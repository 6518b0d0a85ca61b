import { typescriptNative } from '@atp/native'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type DrawnCandidate, thompsonPropensities, withExploration } from '../../src/replay/index.ts'

/** How likely one Beta variable exceeds another, of whole figures: a finite sum (Miller 2015, Formulas for Bayesian A/B testing). */
function chanceAbove(a: number, b: number, c: number, d: number): number {
  const lnFactorial = (n: number) =>
    Array.from({ length: n }, (_, k) => Math.log(k + 1)).reduce((x, y) => x + y, 0)
  const lnBeta = (x: number, y: number) => lnFactorial(x - 1) + lnFactorial(y - 1) - lnFactorial(x + y - 1)
  let sum = 0
  for (let i = 0; i < a; i += 1) {
    sum += Math.exp(lnBeta(c + i, b + d) - Math.log(b + i) - lnBeta(1 + i, b) - lnBeta(c, d))
  }
  return sum
}

const plain = { weight: 1, penalty: 0 }

function chances(...candidates: readonly DrawnCandidate[]): number[] {
  return thompsonPropensities(candidates)
}

describe('the propensities of Thompson sampling', () => {
  it('are those of the closed form for two normal posteriors', () => {
    const better = { posterior: { mean: 0.8, deviation: 0.03 }, ...plain }
    const worse = { posterior: { mean: 0.75, deviation: 0.04 }, ...plain }
    // The difference is normal with mean 0.05 and deviation 0.05: one deviation above 0.
    expect(chances(better, worse)[0]).toBeCloseTo(0.841345, 4)
  })

  it.each([
    [1, 1, 3, 2],
    [8, 2, 7, 3],
    [40, 12, 90, 30],
    [400, 100, 3, 1],
    [1_000, 200, 1_030, 190],
  ])('are those of the closed form for Beta(%d, %d) and Beta(%d, %d)', (...[a, b, c, d]) => {
    const first = { posterior: { alpha: a, beta: b }, ...plain }
    const second = { posterior: { alpha: c, beta: d }, ...plain }
    const expected = chanceAbove(a, b, c, d)
    expect(Math.abs((chances(first, second)[0] as number) - expected)).toBeLessThan(1e-4)
  })

  it('are those of the closed form where a density ends with a jump within the range', () => {
    const high = { posterior: { alpha: 400, beta: 1 }, weight: 1, penalty: 0.30021 }
    const uniform = { posterior: { alpha: 1, beta: 1 }, ...plain }
    expect(Math.abs((chances(high, uniform)[0] as number) - (400 / 401 - 0.30021))).toBeLessThan(1e-4)
  })

  it('are how often the bandit chooses each arm, whatever their weights and penalties', () => {
    const bandit = typescriptNative.createBandit({ halfLifeMs: Number.POSITIVE_INFINITY })
    const priors = [
      [8, 2],
      [30, 12],
      [0.4, 0.7],
      [2, 9],
    ] as const
    for (const [arm, [alpha, beta]] of priors.entries()) bandit.addArm(arm, alpha, beta)
    const weights = Float64Array.of(1, 1.2, 0.9, 1)
    const penalties = Float64Array.of(0.05, 0.1, 0, 0)
    const draws = 40_000
    const seeds = Uint32Array.from({ length: 2 * draws }, (_, k) => k)
    const chosen = new Int32Array(draws)
    bandit.selectBatch('thompson', seeds, 0, weights, penalties, chosen)
    const expected = thompsonPropensities(
      priors.map(([alpha, beta], arm) => ({
        posterior: { alpha, beta },
        weight: weights[arm] as number,
        penalty: penalties[arm] as number,
      })),
    )
    for (const [arm, chance] of expected.entries()) {
      const share = chosen.filter(choice => choice === arm).length / draws
      expect(Math.abs(share - chance)).toBeLessThan(4 * Math.sqrt((chance * (1 - chance)) / draws) + 1e-3)
    }
  })

  it('add up to 1, whatever is believed', () => {
    const figure = fc.double({ min: -2, max: 2, noNaN: true })
    const positive = fc.double({ min: 1e-3, max: 1e5, noNaN: true })
    const posterior = fc.oneof(
      fc.record({ alpha: positive, beta: positive }),
      fc.record({ mean: figure, deviation: fc.double({ min: 0, max: 1, noNaN: true }) }),
    )
    const candidate = fc.record({
      posterior,
      weight: fc.double({ min: 0, max: 10, noNaN: true }),
      penalty: figure,
    })
    fc.assert(
      fc.property(fc.array(candidate, { minLength: 1, maxLength: 6 }), candidates => {
        const found = thompsonPropensities(candidates)
        expect(found.every(chance => chance >= 0 && chance <= 1)).toBe(true)
        expect(found.reduce((sum, chance) => sum + chance, 0)).toBeCloseTo(1, 9)
      }),
    )
  })

  it('are shared by equals, and certain where one is better for sure', () => {
    const same = { posterior: { alpha: 3, beta: 2 }, ...plain }
    for (const chance of chances(same, same, same)) expect(chance).toBeCloseTo(1 / 3, 3)
    const sure = { posterior: { mean: 0.9, deviation: 0 }, ...plain }
    expect(chances(sure, { ...sure, penalty: 5 })).toEqual([1, 0])
    expect(chances(sure, sure)).toEqual([0.5, 0.5])
    expect(chances()).toEqual([])
  })

  it('never fall below what an exploration share gives', () => {
    const mixed = withExploration([1, 0, 0, 0], 0.1)
    expect(mixed[0]).toBeCloseTo(0.925, 12)
    expect(mixed[3]).toBeCloseTo(0.025, 12)
  })
})
