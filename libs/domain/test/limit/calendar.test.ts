import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Calendar } from '../../src/limit/index.ts'

const HOUR_US = 3_600_000_000

function starts(period: 'day' | 'month', timeZone: string, at: string): string[] {
  const found = new Calendar().periodsOf({ period, timeZone }, 1_000 * Date.parse(at))
  return found.map(us => new Date(us / 1_000).toISOString().replace(':00.000', ''))
}

describe('the calendar of a time zone', () => {
  it.each([
    [
      'Europe/Berlin',
      '2026-03-29T12:00Z',
      ['2026-03-27T23:00Z', '2026-03-28T23:00Z', '2026-03-29T22:00Z', '2026-03-30T22:00Z'],
    ],
    [
      'America/New_York',
      '2026-11-01T12:00Z',
      ['2026-10-31T04:00Z', '2026-11-01T04:00Z', '2026-11-02T05:00Z', '2026-11-03T05:00Z'],
    ],
    [
      'Asia/Kolkata',
      '2026-03-08T12:00Z',
      ['2026-03-06T18:30Z', '2026-03-07T18:30Z', '2026-03-08T18:30Z', '2026-03-09T18:30Z'],
    ],
    [
      'America/Havana',
      '2026-03-08T12:00Z',
      ['2026-03-07T05:00Z', '2026-03-08T05:00Z', '2026-03-09T04:00Z', '2026-03-10T04:00Z'],
    ],
    [
      'Asia/Beirut',
      '2026-10-24T12:00Z',
      ['2026-10-22T21:00Z', '2026-10-23T21:00Z', '2026-10-24T22:00Z', '2026-10-25T22:00Z'],
    ],
  ])('has days of %s around %s', (timeZone, at, expected) => {
    expect(starts('day', timeZone, at)).toEqual(expected)
  })

  it('has months across the end of a year', () => {
    const expected = ['2023-11-30T23:00Z', '2023-12-31T23:00Z', '2024-01-31T23:00Z', '2024-02-29T23:00Z']
    expect(starts('month', 'Europe/Berlin', '2024-01-15T12:00Z')).toEqual(expected)
  })

  it('counts a day that a zone left out to the day before', () => {
    // Apia went from the 29th to the 31st of December 2011.
    const [, start, next] = starts('day', 'Pacific/Apia', '2011-12-29T20:00Z')
    expect([start, next]).toEqual(['2011-12-29T10:00Z', '2011-12-30T10:00Z'])
  })

  it('does not know a zone that is none', () => {
    expect(() => new Calendar().periodsOf({ period: 'day', timeZone: 'Mars/Base' }, 0)).toThrow(RangeError)
  })

  it('finds the same day for each instant of it, and another one before and after', () => {
    const calendar = new Calendar()
    const zones = fc.constantFrom(
      'Europe/Berlin',
      'America/Havana',
      'Asia/Beirut',
      'Africa/Cairo',
      'Australia/Lord_Howe',
    )
    const at = fc.integer({ min: 1_500_000_000, max: 1_900_000_000 })
    const property = fc.property(zones, at, fc.constantFrom('day', 'month'), (timeZone, seconds, period) => {
      const zone = new Intl.DateTimeFormat('sv-SE', { timeZone })
      const name = (us: number) => zone.format(us / 1_000).slice(0, period === 'day' ? 10 : 7)
      const nowUs = 1_000_000 * seconds
      const [previous, current, next, afterNext] = calendar.periodsOf({ period, timeZone }, nowUs)
      expect(nowUs >= current && nowUs < next).toBe(true)
      expect([name(current), name(next - 1_000)]).toEqual([name(nowUs), name(nowUs)])
      expect([name(current - 1_000), name(next)]).toEqual([name(previous), name(afterNext - 1_000)])
      expect(name(current - 1_000) < name(current) && name(current) < name(next)).toBe(true)
      expect(next - current).toBeGreaterThanOrEqual((period === 'day' ? 23 : 28 * 24 - 1) * HOUR_US)
    })
    fc.assert(property, { numRuns: 500 })
  })
})
