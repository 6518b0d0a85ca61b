import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type ArmForecast, BudgetPacer } from '../../src/routing/pacing/budget-pacer.ts'

/** Two arms for a context: a cheap one, and a dear one that is better by what the context says. */
const CHEAP = 0.0005
const DEAR = 0.015
const forecast = (gain: number): readonly ArmForecast[] => [
  { utility: 0.8, costUsd: CHEAP },
  { utility: 0.8 + gain, costUsd: DEAR },
]

/** Whoever pays the price, and only what the bucket affords. */
function decide(pacer: BudgetPacer, gain: number): number {
  const [cheap, dear] = forecast(gain) as [ArmForecast, ArmForecast]
  pacer.arrive([cheap, dear])
  const worthIt = dear.utility - pacer.price * dear.costUsd > cheap.utility - pacer.price * cheap.costUsd
  const cost = worthIt && pacer.affords(DEAR, DEAR) ? DEAR : CHEAP
  pacer.spend(cost)
  return cost
}

describe('the budget pacer', () => {
  it('asks nothing for money where the budget is ample', () => {
    const pacer = new BudgetPacer(0.02)
    for (let request = 0; request < 100; request++) expect(decide(pacer, 0.1)).toBe(DEAR)
    expect(pacer.price).toBe(0)
  })

  it('spends the budget where it brings the most: on the contexts that gain most by the dear arm', () => {
    const budget = 0.002
    const pacer = new BudgetPacer(budget)
    const gains = { dear: [] as number[], cheap: [] as number[] }
    let spent = 0
    for (let request = 0; request < 5_000; request++) {
      const gain = ((request * 7919) % 1_000) / 10_000
      const cost = decide(pacer, gain)
      spent += cost
      if (request >= 1_000) gains[cost === DEAR ? 'dear' : 'cheap'].push(gain)
    }
    expect(spent / 5_000).toBeLessThanOrEqual(budget * 1.005)
    expect(spent / 5_000).toBeGreaterThan(budget * 0.8)
    const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length
    expect(mean(gains.dear)).toBeGreaterThan(mean(gains.cheap) + 0.03)
  })

  it('never lets n requests cost more than n + 20 budgets and one answer, whatever comes', () => {
    const cost = fc.double({ min: 0, max: 0.05, noNaN: true })
    fc.assert(
      fc.property(
        fc.double({ min: 0.001, max: 0.01, noNaN: true }),
        fc.array(fc.tuple(fc.double({ min: 0, max: 1, noNaN: true }), cost), { maxLength: 300 }),
        (budget, requests) => {
          const pacer = new BudgetPacer(budget)
          const costs: number[] = []
          for (const [gain, dearCost] of requests) {
            pacer.arrive(forecast(gain))
            // What is affordable is asked, and costs what was expected; otherwise something free.
            const paid = pacer.affords(dearCost, dearCost) ? dearCost : 0
            pacer.spend(paid)
            costs.push(paid)
          }
          for (let from = 0; from < costs.length; from += 17) {
            const window = costs.slice(from)
            const most = (window.length + 20) * budget + Math.max(...window)
            expect(window.reduce((sum, value) => sum + value, 0)).toBeLessThanOrEqual(most * (1 + 1e-9))
          }
        },
      ),
    )
  })

  it('while the bucket is empty affords only what lets it fill again', () => {
    const pacer = new BudgetPacer(0.001)
    pacer.spend(1)
    expect(pacer.affords(0.0001, 0.0009)).toBe(true)
    expect(pacer.affords(0.0001, 0.001)).toBe(false)
  })

  it('follows a price that changes within a few hundred requests', () => {
    let dear = DEAR
    const pacer = new BudgetPacer(0.002)
    const run = (requests: number): number => {
      let chosen = 0
      for (let request = 0; request < requests; request++) {
        const gain = ((request * 7919) % 1_000) / 10_000
        pacer.arrive([
          { utility: 0.8, costUsd: CHEAP },
          { utility: 0.8 + gain, costUsd: dear },
        ])
        const worthIt = gain > pacer.price * (dear - CHEAP)
        const cost = worthIt && pacer.affords(dear, dear) ? dear : CHEAP
        if (cost === dear) chosen += 1
        pacer.spend(cost)
      }
      return chosen / requests
    }
    run(1_000)
    const before = run(500)
    dear = DEAR / 10
    run(300)
    expect(run(500)).toBeGreaterThan(4 * before)
  })

  it('as a pace refuses nothing while no price is asked, whatever one answer costs', () => {
    const pacer = new BudgetPacer(0.02, 'pace')
    for (let request = 0; request < 100; request++) decide(pacer, 0.1)
    expect(pacer.affords(100, 100)).toBe(true)
    pacer.spend(100)
    expect(decide(pacer, 0.1)).toBe(DEAR)
  })

  it('as a pace saves up for an answer of more than twenty budgets', () => {
    const budget = CHEAP + DEAR / 50
    const pacer = new BudgetPacer(budget, 'pace')
    // Nothing is known at first.
    for (let request = 0; request < 10; request++) decide(pacer, 0.1)
    let dear = 0
    for (let request = 0; request < 2_000; request++) if (decide(pacer, 0.1) === DEAR) dear += 1
    expect(dear).toBeGreaterThan(2_000 / 60)
    expect(dear * (DEAR - CHEAP) + 2_000 * CHEAP).toBeLessThanOrEqual(2_020 * budget + DEAR)
  })
})
