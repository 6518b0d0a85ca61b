import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Admission, ConcurrencyLimit } from '../../src/adapter/index.ts'

function begun(limit: ConcurrencyLimit): Admission {
  const admission = limit.begin()
  if (admission === null) throw new Error('there is no room')
  return admission
}

const begunMany = (limit: ConcurrencyLimit, calls: number) =>
  Array.from({ length: calls }, () => begun(limit))

describe('a concurrency limit', () => {
  it('refuses nobody until the upstream has too much', () => {
    const limit = new ConcurrencyLimit({ fewest: 1, most: 4 })
    expect(begunMany(limit, 100)).toHaveLength(100)
    expect(limit.limit).toBeNull()
  })

  it('halves what was under way, once for all of them', () => {
    const limit = new ConcurrencyLimit({ fewest: 1, most: 256 })
    const calls = begunMany(limit, 40)
    for (const call of calls) limit.end(call, 'overloaded')
    expect(limit.limit).toBe(20)
    expect(limit.inFlight).toBe(0)
    begunMany(limit, 20)
    expect(limit.begin()).toBeNull()
    expect(limit.hasRoom).toBe(false)
  })

  it('rises by one with a limit’s worth of answers, where it is what holds calls back', () => {
    const limit = new ConcurrencyLimit({ fewest: 1, most: 256 })
    for (const call of begunMany(limit, 20)) limit.end(call, 'overloaded')
    for (let idle = 0; idle < 100; idle += 1) limit.end(begun(limit), 'answered')
    expect(limit.limit).toBe(10)
    const held = begunMany(limit, 9)
    for (let answers = 0; answers < 11; answers += 1) limit.end(begun(limit), 'answered')
    expect(limit.limit).toBe(11)
    for (const call of held) limit.end(call, 'neutral')
  })

  it('comes back to no limit at all', () => {
    const limit = new ConcurrencyLimit({ fewest: 2, most: 8 })
    for (const call of begunMany(limit, 8)) limit.end(call, 'overloaded')
    for (let round = 0; round < 20; round += 1) {
      const calls: Admission[] = []
      while (limit.limit !== null && limit.hasRoom) calls.push(begun(limit))
      for (const call of calls) limit.end(call, 'answered')
    }
    expect(limit.limit).toBeNull()
  })

  it('stays between its bounds, and counts what is under way, whatever comes', () => {
    const ending = fc.constantFrom('begin', 'begin', 'answered', 'overloaded', 'neutral')
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 5 }),
        fc.integer({ min: 5, max: 50 }),
        fc.array(ending),
        (fewest, most, steps) => {
          const limit = new ConcurrencyLimit({ fewest, most })
          const calls: Admission[] = []
          for (const step of steps) {
            take(limit, calls, step as Step)
            expect(limit.inFlight).toBe(calls.length)
            expect(limit.limit ?? most).toBeGreaterThanOrEqual(fewest)
            expect(limit.limit ?? 0).toBeLessThan(most)
          }
        },
      ),
    )
  })

  it.each([
    [0, 5],
    [6, 5],
    [Number.NaN, 5],
  ])('refuses to have between %d and %d', (fewest, most) => {
    expect(() => new ConcurrencyLimit({ fewest, most })).toThrow(
      expect.objectContaining({ code: 'invalid_argument' }),
    )
  })
})

type Step = 'begin' | 'answered' | 'overloaded' | 'neutral'

function take(limit: ConcurrencyLimit, calls: Admission[], step: Step): void {
  if (step !== 'begin') {
    const [call] = calls.splice(0, 1)
    if (call !== undefined) limit.end(call, step)
    return
  }
  const isFull = limit.limit !== null && calls.length >= limit.limit
  const admission = limit.begin()
  expect(admission === null).toBe(isFull)
  if (admission !== null) calls.push(admission)
}
