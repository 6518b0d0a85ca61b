import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { RetryBudget, type RetryBudgetOptions } from '../../src/adapter/index.ts'

const OPTIONS: RetryBudgetOptions = { ratio: 0.2, reserve: 2, windowMs: 10_000 }

/** @returns how many of so many were granted */
function take(budget: RetryBudget, times: number, now: number): number {
  return Array.from({ length: times }, () => budget.take(now)).filter(granted => granted).length
}

describe('a retry budget', () => {
  it('grants its reserve, and a share of the requests', () => {
    const budget = new RetryBudget(OPTIONS)
    expect(take(budget, 5, 0)).toBe(2)
    for (let request = 0; request < 15; request += 1) budget.request(0)
    expect(take(budget, 10, 0)).toBe(3)
  })

  it('grants nothing without a share and a reserve', () => {
    const budget = new RetryBudget({ ratio: 0, reserve: 0, windowMs: 10_000 })
    budget.request(0)
    expect(budget.take(0)).toBe(false)
  })

  it('forgets requests and retries when the window has passed, and nothing before', () => {
    const budget = new RetryBudget(OPTIONS)
    for (let request = 0; request < 10; request += 1) budget.request(500)
    expect(take(budget, 10, 500)).toBe(4)
    expect(take(budget, 10, 9_900)).toBe(0)
    // Saved up is nothing: an hour without requests is worth one reserve.
    expect(take(budget, 10, 3_600_000)).toBe(2)
  })

  it('forgets all of a window at once where nothing happened for longer', () => {
    const budget = new RetryBudget(OPTIONS)
    for (let tenth = 0; tenth < 10; tenth += 1) {
      for (let request = 0; request < 10; request += 1) budget.request(tenth * 1_000)
    }
    expect(take(budget, 100, 9_500)).toBe(22)
    expect(take(budget, 100, 60_000)).toBe(2)
  })

  it('takes back what was not used, in the window that it belongs to', () => {
    const budget = new RetryBudget(OPTIONS)
    expect(take(budget, 3, 0)).toBe(2)
    budget.giveBack(0)
    expect(take(budget, 3, 100)).toBe(1)
    expect(take(budget, 3, 20_000)).toBe(2)
    // Long gone: it makes no room now.
    budget.giveBack(100)
    expect(take(budget, 3, 20_000)).toBe(0)
  })

  it.each(['ratio', 'reserve', 'windowMs'])('refuses a negative %s', field => {
    expect(() => new RetryBudget({ ...OPTIONS, [field]: -1 })).toThrowError(
      expect.objectContaining({ code: 'invalid_argument', problems: [expect.objectContaining({ field })] }),
    )
  })
})

/** Requests and retries as they come, however close or far apart; `undone`: granted, and not made. */
const traffic = fc.array(
  fc.record({
    after: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 300 }), fc.integer({ min: 0, max: 30_000 })),
    what: fc.constantFrom('request', 'request', 'retry', 'retry', 'retry', 'undone'),
  }),
  { maxLength: 400 },
)

const budgets = fc.record({
  ratio: fc.double({ min: 0, max: 1, noNaN: true }),
  reserve: fc.double({ min: 0, max: 20, noNaN: true }),
  windowMs: fc.constantFrom(1_000, 10_000),
})

function play(options: RetryBudgetOptions, events: readonly { after: number; what: string }[]) {
  const budget = new RetryBudget(options)
  const requests: number[] = []
  const retries: number[] = []
  let now = 0
  for (const { after, what } of events) {
    now += after
    if (what === 'request') {
      budget.request(now)
      requests.push(now)
    } else if (budget.take(now)) {
      if (what === 'undone') budget.giveBack(now)
      else retries.push(now)
    }
  }
  return { requests, retries, end: now }
}

const countSince = (times: readonly number[], from: number, to: number): number =>
  times.filter(time => time > from && time <= to).length

// What is a hair too much is the rounding of the product.
const HAIR = 1e-6

describe('whatever the traffic, retries', () => {
  it('are at most the share of the requests and the reserve, in every window that ends with one', () => {
    fc.assert(
      fc.property(budgets, traffic, (options, events) => {
        const { requests, retries } = play(options, events)
        // The newest tenth is begun, not over: the window is between nine tenths of its length and the whole.
        const sure = options.windowMs * 0.9
        for (const end of retries) {
          const asked = countSince(requests, end - options.windowMs, end)
          expect(countSince(retries, end - sure, end)).toBeLessThanOrEqual(
            options.ratio * asked + options.reserve + HAIR,
          )
        }
      }),
    )
  })

  it('are in the long run at most the share of all requests, and a reserve a window', () => {
    fc.assert(
      fc.property(budgets, traffic, (options, events) => {
        const { requests, retries, end } = play(options, events)
        const tenths = Math.floor(end / (options.windowMs / 10)) + 1
        const windows = Math.ceil(tenths / 10)
        expect(retries.length).toBeLessThanOrEqual(
          options.ratio * requests.length + options.reserve * windows + HAIR,
        )
      }),
    )
  })

  it('are granted wherever that leaves room', () => {
    fc.assert(
      fc.property(budgets, fc.integer({ min: 0, max: 500 }), (options, requests) => {
        const budget = new RetryBudget(options)
        for (let request = 0; request < requests; request += 1) budget.request(0)
        expect(take(budget, 1_000, 0)).toBe(Math.floor(options.ratio * requests + options.reserve))
      }),
    )
  })
})
