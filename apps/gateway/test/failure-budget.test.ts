import { ManualClock } from '@atp/core/clock'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { FAILURES_AT_ONCE, FailureBudget } from '../src/http/failure-budget.ts'

function exhausted(address = '10.0.0.1'): { budget: FailureBudget; clock: ManualClock } {
  const clock = new ManualClock()
  const budget = new FailureBudget(clock)
  for (let failure = 0; failure < FAILURES_AT_ONCE; failure++) expect(budget.fail(address)).toBe(0)
  return { budget, clock }
}

describe('the failures of an address', () => {
  it('are borne so many at once, and then one in the time that it is told to wait', () => {
    const { budget, clock } = exhausted()
    const wait = budget.fail('10.0.0.1')
    expect(wait).toBeGreaterThan(0)
    clock.advance(wait - 1)
    expect(budget.fail('10.0.0.1')).toBeGreaterThan(0)
    clock.advance(1)
    expect(budget.fail('10.0.0.1')).toBe(0)
    expect(budget.fail('10.0.0.1')).toBeGreaterThan(0)
  })

  it('are no other address’s', () => {
    const { budget } = exhausted()
    expect(budget.fail('10.0.0.2')).toBe(0)
  })

  it('are counted for an IPv6 network of 64 bits, however its addresses are written', () => {
    const { budget } = exhausted('2001:db8:0:7::1')
    expect(budget.fail('2001:db8:0:7:ffff:1:2:3')).toBeGreaterThan(0)
    expect(budget.fail('2001:db8:0:8::1')).toBe(0)
    expect(exhausted('::1').budget.fail('::2')).toBeGreaterThan(0)
    expect(exhausted('::ffff:10.0.0.1').budget.fail('::ffff:10.0.0.2')).toBe(0)
  })

  it('are never borne beyond the burst and the refill, whatever the times', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(5_000), { maxLength: 300 }), waits => {
        const clock = new ManualClock()
        const budget = new FailureBudget(clock)
        const start = clock.now()
        let borne = 0
        for (const wait of waits) {
          clock.advance(wait)
          if (budget.fail('a') === 0) borne += 1
          expect(borne).toBeLessThanOrEqual(FAILURES_AT_ONCE + (clock.now() - start) / 2_000 + 1e-6)
        }
      }),
    )
  })

  it('take no more memory however many addresses come, and who keeps coming is not forgotten', () => {
    const budget = new FailureBudget(new ManualClock(), 100)
    let refused = 0
    for (let n = 0; n < 10_000; n++) {
      budget.fail(`10.${n >> 16}.${(n >> 8) & 255}.${n & 255}`)
      if (n % 10 === 0 && budget.fail('192.0.2.1') > 0) refused += 1
      expect(budget.size).toBeLessThanOrEqual(100)
    }
    expect(refused).toBe(1_000 - FAILURES_AT_ONCE)
  })
})
