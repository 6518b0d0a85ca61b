import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseDuration } from '../../src/config/duration.ts'
import { AtpError } from '../../src/errors.ts'

const UNITS = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 }

describe('parseDuration', () => {
  it.each([
    ['250ms', 250],
    ['5s', 5_000],
    ['2m', 120_000],
    ['1h', 3_600_000],
    ['7d', 604_800_000],
    ['0s', 0],
  ])('reads %s', (text, ms) => {
    expect(parseDuration(text)).toBe(ms)
  })

  it('is exact for each number and unit', () => {
    const unit = fc.constantFrom(...Object.entries(UNITS))
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 99_999_999 }), unit, (count, [name, ms]) => {
        const parsed = parseDuration(`${count}${name}`)
        expect(parsed).toBe(count * ms)
        expect(Number.isSafeInteger(parsed)).toBe(true)
      }),
    )
  })

  it.each([
    '',
    '5',
    's',
    '5 s',
    '-5s',
    '1.5s',
    '05s',
    '5S',
    '5sec',
    '1h30m',
    '5s\n',
    '1e3s',
    '100000000d',
    'never',
    'Infinityms',
  ])('refuses %j, and says what a duration looks like', text => {
    expect(() => parseDuration(text)).toThrow(AtpError)
    expect(() => parseDuration(text)).toThrow('such as 250ms')
  })
})
