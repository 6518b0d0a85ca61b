import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ManualClock } from '../src/clock.ts'
import { type DecisionId, newId } from '../src/ids.ts'
import { SeededRandom } from '../src/random.ts'

const YEAR_2500 = 16_725_225_600_000

describe('ids', () => {
  it('have the layout of RFC 9562: the time, version 7, variant 10', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: YEAR_2500 }), fc.integer(), (now, seed) => {
        const id = newId<DecisionId>(new ManualClock(now), new SeededRandom(seed))
        expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
        expect(Number.parseInt(id.replaceAll('-', '').slice(0, 12), 16)).toBe(now)
      }),
    )
  })

  it('sort by the time of their making', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: 1_000_000 }), { minLength: 2 }),
        fc.integer(),
        (steps, seed) => {
          const [clock, random] = [new ManualClock(), new SeededRandom(seed)]
          const made = steps.map(step => {
            clock.advance(step)
            return newId<DecisionId>(clock, random)
          })
          expect(made).toEqual(made.toSorted())
        },
      ),
    )
  })

  it('differ within a millisecond', () => {
    const [clock, random] = [new ManualClock(), new SeededRandom(1)]
    const ids = Array.from({ length: 10_000 }, () => newId<DecisionId>(clock, random))
    expect(new Set(ids).size).toBe(10_000)
  })

  it('repeat for the same clock and seed', () => {
    const make = () => newId<DecisionId>(new ManualClock(5), new SeededRandom(7))
    expect(make()).toBe(make())
  })
})
