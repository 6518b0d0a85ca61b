import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ManualClock, systemClock } from '../src/clock.ts'

describe('ManualClock', () => {
  it('moves only when told to, by exactly as much, on both scales', () => {
    fc.assert(
      fc.property(fc.nat(), fc.array(fc.nat(1_000_000)), (start, steps) => {
        const clock = new ManualClock(start)
        const begun = clock.monotonic()
        for (const step of steps) clock.advance(step)
        const passed = steps.reduce((sum, step) => sum + step, 0)
        expect(clock.now()).toBe(start + passed)
        expect(clock.monotonic() - begun).toBe(passed)
        expect(clock.now()).toBe(clock.now())
      }),
    )
  })
})

describe('systemClock', () => {
  it('tells the time of day as Date does', () => {
    const before = Date.now()
    const now = systemClock.now()
    expect(now).toBeGreaterThanOrEqual(before)
    expect(now).toBeLessThanOrEqual(Date.now())
  })

  it('never goes back on the monotonic scale', () => {
    const readings = Array.from({ length: 1_000 }, () => systemClock.monotonic())
    expect(readings).toEqual(readings.toSorted((a, b) => a - b))
  })
})
